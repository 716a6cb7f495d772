import { Ban, CircleCheck, CirclePause, CirclePlay, CopyX, UserCheck } from "lucide-react";
import { Button } from "@/components/ui/button";
import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { TextAreaField, TextField } from "@/components/ui/field";
import type { DeviceDetail } from "@/lib/devices/types";
import { resumeDeviceAction, revokeDeviceAction, suspendDeviceAction } from "./actions";
import { approveDeviceAction, dismissCloneAction, refuseDeviceAction } from "./enrolment-actions";

/** What may be done with a device as a whole: let in, refuse, suspend, revoke, believe. */
export function DeviceActs({ device }: { device: DeviceDetail }) {
  const { can } = device;
  const id = <input type="hidden" name="id" value={device.id} />;
  const acts = [can.approve, can.refuse, can.dismissClone, can.suspend, can.resume, can.revoke];
  if (acts.every((why) => why !== null)) return null;
  return (
    <div className="flex flex-wrap gap-2">
      {can.approve === null && <Approve device={device} />}
      {can.refuse === null && (
        <ConfirmDialog
          trigger={
            <Button variant="danger" icon={Ban}>
              Refuse
            </Button>
          }
          title={`Refuse ${device.name} for good?`}
          description="It can never upload with this key. A machine that was refused by mistake enrols again with another code."
          confirm="Refuse for good"
          danger
          action={refuseDeviceAction}
          doneMessage={`${device.name} is refused.`}
        >
          {id}
        </ConfirmDialog>
      )}
      {can.dismissClone === null && (
        <ConfirmDialog
          trigger={<Button icon={CopyX}>It is no clone</Button>}
          title={`Dismiss the alarm about ${device.name}?`}
          description="Two starts of its uploader called in turn, as two machines with one identity do. Say what it was: a restored image, a swapped disk. If somebody copied its key, revoke it instead."
          confirm="Dismiss the alarm"
          action={dismissCloneAction}
          doneMessage="The alarm is dismissed."
        >
          {id}
          <TextAreaField name="reason" label="What it was" hint="Stands in custody" rows={2} maxLength={300} />
        </ConfirmDialog>
      )}
      {can.suspend === null && (
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
      {can.resume === null && (
        <ConfirmDialog
          trigger={<Button icon={CirclePlay}>Let in again</Button>}
          title={`Let ${device.name} in again?`}
          description="Its keys and tokens that are not revoked work again at once."
          confirm="Let in again"
          action={resumeDeviceAction}
          doneMessage={`${device.name} may upload again.`}
        >
          {id}
        </ConfirmDialog>
      )}
      {/* Of one that waits to be let in, refusing it is the same. */}
      {can.revoke === null && can.refuse !== null && <Revoke device={device} />}
    </div>
  );
}

function Approve({ device }: { device: DeviceDetail }) {
  const [key] = device.keys;
  return (
    <ConfirmDialog
      trigger={
        <Button variant="primary" icon={UserCheck}>
          Let it in
        </Button>
      }
      title={`Let ${device.name} in?`}
      description="It may upload from now on. Compare the key with what the device shows (strongroom-uploader status): that is the only thing here that it has proved."
      confirm="Let it in"
      action={approveDeviceAction}
      doneMessage={`${device.name} may upload.`}
    >
      <input type="hidden" name="id" value={device.id} />
      {key && (
        <p className="flex gap-2 rounded-md bg-sunken px-3 py-2 text-sm">
          <CircleCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-muted" />
          <span className="mono wrap-anywhere">{key.kid}</span>
        </p>
      )}
    </ConfirmDialog>
  );
}

function Revoke({ device }: { device: DeviceDetail }) {
  return (
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
      <input type="hidden" name="id" value={device.id} />
      <TextAreaField name="reason" label="Why" hint="Stands in custody" rows={2} maxLength={300} optional />
      <TextField
        name="untrustedSince"
        label="Not to be believed since, in UTC"
        hint="Only when somebody else had it, or its key. What it brought from then on is quarantined: kept, and never released. Nothing: all that came is believed."
        type="datetime-local"
        optional
      />
    </ConfirmDialog>
  );
}
