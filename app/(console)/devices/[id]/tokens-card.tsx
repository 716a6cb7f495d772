import { Ban, KeyRound } from "lucide-react";
import { TokenDialog } from "@/components/devices/token-dialog";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { IdText } from "@/components/ui/digest";
import { Pill } from "@/components/ui/state-pill";
import { Time } from "@/components/ui/time";
import type { DeviceDetail } from "@/lib/devices/types";
import { issueTokenAction, revokeTokenAction } from "../actions";

/** The plain tokens of a device, for uploaders of others; how to issue and revoke one. */
export function TokensCard({ device }: { device: DeviceDetail }) {
  const zone = device.site?.timeZone;
  return (
    <Card title="Plain tokens" aside={device.can.issueToken === null && <IssueToken device={device} />}>
      {device.tokens.length === 0 && (
        <p className="text-muted text-sm">None. An enrolled device buys a token of ten minutes with its key.</p>
      )}
      <ul className="divide-y divide-line text-sm empty:hidden">
        {device.tokens.map((token) => (
          <li key={token.id} className="flex min-h-10 flex-wrap items-center gap-x-3 py-1.5">
            <IdText id={token.id} />
            <span className="mr-auto text-muted">
              issued <Time at={token.createdAt} zone={zone} style="date" />
            </span>
            {token.revokedAt ? (
              <Pill tone="plain" icon={Ban}>
                Revoked
              </Pill>
            ) : (
              device.can.issueToken === null && <RevokeToken id={token.id} name={device.name} />
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}

function IssueToken({ device }: { device: DeviceDetail }) {
  return (
    <TokenDialog
      trigger={<Button icon={KeyRound}>Issue a token</Button>}
      title={`Issue a token for ${device.name}?`}
      description="Its other tokens stay valid, so that the device can change over without a gap. Revoke the old one afterwards."
      submit="Issue the token"
      action={issueTokenAction}
    >
      <input type="hidden" name="id" value={device.id} />
    </TokenDialog>
  );
}

function RevokeToken({ id, name }: { id: string; name: string }) {
  return (
    <ConfirmDialog
      trigger={<Button variant="quiet">Revoke</Button>}
      title={`Revoke the token ${id}?`}
      description={`Whoever uses it is refused from the next request on. ${name} needs another token to go on.`}
      confirm="Revoke the token"
      danger
      action={revokeTokenAction}
      doneMessage="The token is revoked."
    >
      <input type="hidden" name="id" value={id} />
    </ConfirmDialog>
  );
}
