import { ListChecks } from "lucide-react";
import { AcknowledgedGaps } from "@/components/devices/acknowledged-gaps";
import { Button } from "@/components/ui/button";
import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { TextAreaField, TextField } from "@/components/ui/field";
import type { AcknowledgedGapRow, DeviceDetail } from "@/lib/devices/types";
import { acknowledgeGapAction, withdrawGapAction } from "../gap-actions";

/** Why numbers of a device are missing, as people said, and how to say so or take it back. */
export function GapActs({ device }: { device: DeviceDetail }) {
  const { can, manifests } = device;
  if (manifests === null) return null;
  return (
    <>
      {can.acknowledgeGap === null && <Acknowledge device={device} />}
      <AcknowledgedGaps
        gaps={manifests.acknowledged}
        zone={device.site?.timeZone}
        act={(gap) => can.withdrawGapAcknowledgement === null && <Withdraw gap={gap} />}
      />
    </>
  );
}

function Acknowledge({ device }: { device: DeviceDetail }) {
  const gaps = device.manifests?.gaps.toReversed() ?? [];
  const numbers = gaps.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(", ");
  return (
    <div className="mt-3">
      <ConfirmDialog
        trigger={<Button icon={ListChecks}>Acknowledge missing numbers</Button>}
        title={`Will these numbers of ${device.name} never come?`}
        description="They alarm nobody any more, and stay here with your reason. Numbers that go missing later alarm by themselves; one that comes after all is told to custody."
        confirm="Acknowledge"
        action={acknowledgeGapAction}
        doneMessage="The missing numbers are acknowledged."
      >
        <input type="hidden" name="id" value={device.id} />
        <TextField
          name="numbers"
          label="Numbers"
          hint="One by one or in a row, as in 2-4, 8"
          defaultValue={numbers}
          mono
        />
        <TextAreaField
          name="reason"
          label="Why they will not come"
          hint="Stands in custody and on this page"
          rows={2}
          maxLength={300}
        />
      </ConfirmDialog>
    </div>
  );
}

function Withdraw({ gap }: { gap: AcknowledgedGapRow }) {
  return (
    <ConfirmDialog
      trigger={<Button variant="quiet">Withdraw</Button>}
      title="Withdraw this acknowledgement?"
      description="Those of its numbers that are still missing alarm again. Custody keeps both."
      confirm="Withdraw it"
      action={withdrawGapAction}
      doneMessage="The acknowledgement is withdrawn."
    >
      <input type="hidden" name="id" value={gap.id} />
      <TextAreaField name="reason" label="Why" hint="Stands in custody" rows={2} maxLength={300} />
    </ConfirmDialog>
  );
}
