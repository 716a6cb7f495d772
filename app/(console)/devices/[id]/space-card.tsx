import { HardDrive } from "lucide-react";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import { Facts } from "@/components/ui/facts";
import { TextField } from "@/components/ui/field";
import { Bytes } from "@/components/ui/measures";
import type { DeviceDetail } from "@/lib/devices/types";
import { setQuotaAction } from "../actions";

/** What a device takes up, and how to limit it. */
export function SpaceCard({ device }: { device: DeviceDetail }) {
  const { quotaBytes, storedBytes, promisedBytes } = device.space;
  return (
    <Card title="Space in the archive" aside={device.can.setQuota === null && <SetQuota device={device} />}>
      <Facts
        facts={[
          { label: "Recordings", value: <Bytes value={storedBytes} /> },
          { label: "Unfinished", value: <Bytes value={promisedBytes} />, note: "promised, wholly or partly here" },
          { label: "Quota", value: quotaBytes === null ? null : <Bytes value={quotaBytes} /> },
        ]}
        missing="none"
      />
    </Card>
  );
}

function SetQuota({ device }: { device: DeviceDetail }) {
  const { quotaBytes } = device.space;
  return (
    <ConfirmDialog
      trigger={<Button icon={HardDrive}>Set a quota</Button>}
      title={`Set a quota for ${device.name}?`}
      description="What is here stays. A new announcement that would need more is refused until there is room, and the device keeps its file."
      confirm="Set the quota"
      action={setQuotaAction}
      doneMessage="The quota is set."
    >
      <input type="hidden" name="id" value={device.id} />
      <TextField
        name="quota"
        label="Quota"
        hint="As in 500 GB. Nothing: no quota"
        optional
        defaultValue={quotaBytes === null ? "" : String(quotaBytes)}
      />
    </ConfirmDialog>
  );
}
