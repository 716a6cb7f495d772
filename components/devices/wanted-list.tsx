import { Ban, CircleCheck, CircleX, Clock, type LucideIcon, Radio } from "lucide-react";
import { Button } from "@/components/ui/button";
import { ConfirmDialog } from "@/components/ui/confirm-dialog";
import type { ActionResult } from "@/components/ui/form";
import { Link } from "@/components/ui/link";
import { StatePill } from "@/components/ui/state-pill";
import type { StateLook, Tone } from "@/components/ui/states";
import { RelativeTime } from "@/components/ui/time";
import type { WantedRow } from "@/lib/fleet/types";

const look = (label: string, icon: LucideIcon, tone: Tone, meaning: string): StateLook => ({
  label,
  icon,
  tone,
  meaning,
});

const looks: Record<WantedRow["state"], StateLook> = {
  open: look("Waiting", Clock, "wait", "The device has not heard of it yet."),
  seen: look("The device knows", Radio, "info", "It sends the file as soon as it can."),
  arrived: look("Arrived", CircleCheck, "ok", "It is here and sealed."),
  not_there: look("Not there", CircleX, "bad", "The device has no such file."),
  cancelled: look("Cancelled", Ban, "plain", "Nobody wants it any more."),
};

const shown = 10;

type WantedListProps = {
  rows: WantedRow[];
  zone: string | undefined;
  cancel: (data: FormData) => Promise<ActionResult>;
};

/** Files that a device was asked for, newest first, each with how it is getting on. */
export function WantedList({ rows, zone, cancel }: WantedListProps) {
  return (
    <ul aria-label="Files that were asked for" className="divide-y divide-line text-sm">
      {rows.slice(0, shown).map((row) => (
        <li key={row.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 py-2 first:pt-0 last:pb-0">
          <div className="min-w-0 flex-1 basis-56">
            <p className="mono wrap-anywhere">{row.fileName ?? `SHA-256 ${row.sha256?.slice(0, 16)}…`}</p>
            <p className="wrap-anywhere text-muted">
              {row.askedBy}, <RelativeTime at={row.askedAt} zone={zone} />
              {row.reason && <>: “{row.reason}”</>}
            </p>
          </div>
          <StatePill look={looks[row.state]} />
          {row.recordingId && (
            <Link href={`/recordings/${row.recordingId}`} className="link">
              Open it
            </Link>
          )}
          {row.can.cancel === null && <Cancel row={row} cancel={cancel} />}
        </li>
      ))}
    </ul>
  );
}

function Cancel({ row, cancel }: { row: WantedRow; cancel: WantedListProps["cancel"] }) {
  const name = row.fileName ?? "this file";
  return (
    <ConfirmDialog
      trigger={
        <Button variant="quiet" aria-label={`Cancel asking for ${name}`}>
          Cancel
        </Button>
      }
      title={`Ask no longer for ${name}?`}
      description="It takes its turn in the queue again. If the device has begun to send it, it goes on, and what comes is kept."
      confirm="Ask no longer"
      action={cancel}
      doneMessage="Nobody asks for it any more."
    >
      <input type="hidden" name="id" value={row.id} />
    </ConfirmDialog>
  );
}
