import { CloudDownload } from "lucide-react";
import { AskFields } from "@/components/devices/ask-fields";
import { WantedList } from "@/components/devices/wanted-list";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import type { FleetDevice } from "@/lib/fleet/types";
import { askForFileAction, cancelWantedAction } from "../fleet-actions";

/** The files that a device was asked for, how each is getting on, and a way to ask for one more. */
export function WantedCard({ device }: { device: FleetDevice }) {
  return (
    <Card
      title="Asked for"
      note="before everything else in its queue"
      aside={device.can.ask === null && <AskForFile device={device} />}
    >
      {device.wanted.length === 0 ? (
        <p className="text-muted text-sm">
          Nothing. When a recording is needed before its turn, ask for it: the device sends it next.
        </p>
      ) : (
        <WantedList rows={device.wanted} zone={device.site?.timeZone} cancel={cancelWantedAction} />
      )}
    </Card>
  );
}

/** The button that asks a device for a file, with what it says is in its queue to choose from. */
export function AskForFile({ device, isMain = false }: { device: FleetDevice; isMain?: boolean }) {
  const queued = [...(device.heartbeat?.sending ?? []), ...(device.heartbeat?.next ?? [])];
  const files = new Map(queued.map((file) => [file.fileName, { fileName: file.fileName, sizeBytes: file.sizeBytes }]));
  return (
    <ConfirmDialog
      trigger={
        <Button icon={CloudDownload} variant={isMain ? "primary" : "secondary"}>
          Ask for a file
        </Button>
      }
      title={`Ask ${device.name} for a file`}
      description={
        device.heartbeatAt === null
          ? "It has sent no heartbeat, so it may never hear of this. What is asked stays until you cancel it."
          : "It hears of it with its next heartbeat, and sends that file before all others, also on a link that costs money."
      }
      confirm="Ask for it"
      action={askForFileAction}
      doneMessage={`${device.name} is asked for the file.`}
    >
      <input type="hidden" name="id" value={device.id} />
      <AskFields queued={[...files.values()]} />
    </ConfirmDialog>
  );
}
