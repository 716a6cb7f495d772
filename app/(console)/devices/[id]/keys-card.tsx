import { Ban, KeySquare } from "lucide-react";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { TextAreaField } from "@/components/ui/field";
import { formatCount } from "@/components/ui/format";
import { Pill } from "@/components/ui/state-pill";
import { Time } from "@/components/ui/time";
import type { DeviceDetail } from "@/lib/devices/types";
import { addKeyAction, revokeKeyAction } from "../actions";

type KeysCardProps = { device: DeviceDetail; dueAt: Date | null };

/** The public keys of a device, how old they may grow, and how to register and revoke one. */
export function KeysCard({ device, dueAt }: KeysCardProps) {
  const zone = device.site?.timeZone;
  return (
    <Card title="Public keys" aside={device.can.addKey === null && <AddKey device={device} />}>
      {device.keys.length === 0 ? (
        <p className="text-muted text-sm">
          None. Without one its manifests cannot be checked; plain uploads work with a token alone.
        </p>
      ) : (
        <ul className="divide-y divide-line text-sm">
          {device.keys.map((key) => (
            <li key={key.kid} className="flex min-h-10 flex-wrap items-center gap-x-3 py-1.5">
              <span className="mono wrap-anywhere basis-full">{key.kid}</span>
              <span className="mr-auto text-muted">
                added <Time at={key.createdAt} zone={zone} style="date" />, {dutyWords(key)}
              </span>
              {key.revokedAt ? (
                <Pill tone="plain" icon={Ban}>
                  Revoked
                </Pill>
              ) : (
                device.can.addKey === null && <RevokeKey kid={key.kid} name={device.name} />
              )}
            </li>
          ))}
        </ul>
      )}
      {dueAt && (
        <p className="mt-2 text-muted text-sm">
          Its policy wants another one by <Time at={dueAt} zone={zone} style="date" />.
        </p>
      )}
    </Card>
  );
}

function dutyWords({ fromSequence, untilSequence, buysTokens }: DeviceDetail["keys"][number]): string {
  const numbers =
    untilSequence !== null
      ? `signed numbers ${formatCount(fromSequence)} to ${formatCount(untilSequence - 1)}`
      : fromSequence > 1
        ? `signs from number ${formatCount(fromSequence)} on`
        : "signs";
  return buysTokens && untilSequence === null ? `${numbers} and buys tokens` : numbers;
}

function AddKey({ device }: { device: DeviceDetail }) {
  return (
    <ConfirmDialog
      trigger={<Button icon={KeySquare}>Register a key</Button>}
      title={`Register a public key for ${device.name}?`}
      description="Its manifests may be signed with it from now on. The private half stays on the device; never send it."
      confirm="Register the key"
      action={addKeyAction}
      doneMessage="The key is registered."
    >
      <input type="hidden" name="id" value={device.id} />
      <TextAreaField
        name="key"
        label="Public key"
        hint="Ed25519, as PEM, JWK, OpenSSH line or Base64"
        autoComplete="off"
        spellCheck={false}
      />
    </ConfirmDialog>
  );
}

function RevokeKey({ kid, name }: { kid: string; name: string }) {
  return (
    <ConfirmDialog
      trigger={<Button variant="quiet">Revoke</Button>}
      title="Revoke this key?"
      description={`Manifests of ${name} that it signs are refused from the next one on. What it signed before stays proved.`}
      confirm="Revoke the key"
      danger
      action={revokeKeyAction}
      doneMessage="The key is revoked."
    >
      <p className="mono wrap-anywhere text-sm">{kid}</p>
      <input type="hidden" name="kid" value={kid} />
    </ConfirmDialog>
  );
}
