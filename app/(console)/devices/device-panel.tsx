import { Ban, CirclePause, CirclePlay, Film, KeyRound } from "lucide-react";
import { ManifestChain } from "@/components/devices/manifest-chain";
import { TokenDialog } from "@/components/devices/token-dialog";
import { Button, ButtonLink } from "@/components/ui/button";
import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { IdText } from "@/components/ui/digest";
import { Facts } from "@/components/ui/facts";
import { Panel } from "@/components/ui/panel";
import { Pill, StatePill } from "@/components/ui/state-pill";
import { deviceStates } from "@/components/ui/states";
import { Time } from "@/components/ui/time";
import type { DeviceDetail } from "@/lib/devices/types";
import {
  issueTokenAction,
  resumeDeviceAction,
  revokeDeviceAction,
  revokeTokenAction,
  suspendDeviceAction,
} from "./actions";
import { DeviceKeys } from "./device-keys";
import { DeviceSpacePart } from "./device-space";

/** The chosen device beside the list: what it is, its tokens, and whether it is let in. */
export function DevicePanel({ device, closeHref }: { device: DeviceDetail; closeHref: string }) {
  const zone = device.site?.timeZone;
  return (
    <Panel label={`Device ${device.name}`} closeHref={closeHref}>
      <h2 className="wrap-anywhere pr-10 font-semibold text-lg">{device.name}</h2>
      <p className="text-muted text-sm">
        <IdText id={device.id} />
      </p>
      <div className="mt-3 flex flex-wrap items-center gap-2">
        <ButtonLink href={`/recordings?device=${device.id}`} icon={Film}>
          Recordings
        </ButtonLink>
        <span className="ml-auto">
          <StatePill look={deviceStates[device.state]} />
        </span>
      </div>
      <Facts
        className="mt-4"
        facts={[
          { label: "Site", value: device.site?.name ?? "None, it moves" },
          { label: "Element id", value: device.alias && <span className="mono">{device.alias}</span> },
          { label: "Added", value: <Time at={device.createdAt} zone={zone} /> },
          {
            label: "Last contact",
            value: device.lastSeenAt && <Time at={device.lastSeenAt} zone={zone} />,
            note: device.lastSeenFrom && <span className="mono text-sm">{device.lastSeenFrom}</span>,
          },
        ]}
        missing="never"
      />
      <ManifestChain chain={device.manifests} zone={zone} />
      <DeviceSpacePart device={device} />
      <Tokens device={device} zone={zone} />
      <DeviceKeys device={device} zone={zone} />
      <Acts device={device} />
    </Panel>
  );
}

function Tokens({ device, zone }: { device: DeviceDetail; zone: string | undefined }) {
  return (
    <section className="mt-6" aria-labelledby="tokens">
      <div className="flex items-center gap-2">
        <h3 id="tokens" className="mr-auto font-semibold text-md">
          Tokens
        </h3>
        {device.can.issueToken === null && (
          <TokenDialog
            trigger={<Button icon={KeyRound}>Issue a token</Button>}
            title={`Issue a token for ${device.name}?`}
            description="Its other tokens stay valid, so that the device can change over without a gap. Revoke the old one afterwards."
            submit="Issue the token"
            action={issueTokenAction}
          >
            <input type="hidden" name="id" value={device.id} />
          </TokenDialog>
        )}
      </div>
      <ul className="mt-2 divide-y divide-line border-line border-y">
        {device.tokens.map((token) => (
          <li key={token.id} className="flex min-h-10 flex-wrap items-center gap-x-3 py-1.5 text-sm">
            <IdText id={token.id} />
            <span className="mr-auto text-muted">
              issued <Time at={token.createdAt} zone={zone} style="date" />
            </span>
            {token.revokedAt ? (
              <Pill tone="plain" icon={Ban}>
                Revoked
              </Pill>
            ) : (
              device.can.issueToken === null && (
                <ConfirmDialog
                  trigger={<Button variant="quiet">Revoke</Button>}
                  title={`Revoke the token ${token.id}?`}
                  description={`Whoever uses it is refused from the next request on. ${device.name} needs another token to go on.`}
                  confirm="Revoke the token"
                  danger
                  action={revokeTokenAction}
                  doneMessage="The token is revoked."
                >
                  <input type="hidden" name="id" value={token.id} />
                </ConfirmDialog>
              )
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Acts({ device }: { device: DeviceDetail }) {
  const id = <input type="hidden" name="id" value={device.id} />;
  if (device.can.suspend !== null && device.can.resume !== null && device.can.revoke !== null) return null;
  return (
    <div className="mt-6 flex flex-wrap gap-2">
      {device.can.suspend === null && (
        <ConfirmDialog
          trigger={<Button icon={CirclePause}>Suspend</Button>}
          title={`Suspend ${device.name}?`}
          description="It is refused from its next request on, until you let it in again. What it has sent stays, and a running upload can go on later."
          confirm="Suspend"
          action={suspendDeviceAction}
          doneMessage={`${device.name} is suspended.`}
        >
          {id}
        </ConfirmDialog>
      )}
      {device.can.resume === null && (
        <ConfirmDialog
          trigger={<Button icon={CirclePlay}>Let in again</Button>}
          title={`Let ${device.name} in again?`}
          description="Its tokens that are not revoked work again at once."
          confirm="Let in again"
          action={resumeDeviceAction}
          doneMessage={`${device.name} may upload again.`}
        >
          {id}
        </ConfirmDialog>
      )}
      {device.can.revoke === null && (
        <ConfirmDialog
          trigger={
            <Button variant="danger" icon={Ban}>
              Revoke
            </Button>
          }
          title={`Revoke ${device.name} for good?`}
          description="It can never upload again, and its name stays taken. Its recordings and their custody stay."
          confirm="Revoke for good"
          danger
          action={revokeDeviceAction}
          doneMessage={`${device.name} is revoked.`}
        >
          {id}
        </ConfirmDialog>
      )}
    </div>
  );
}
