import "server-only";
import { workLooks } from "@/components/home/work-looks";
import { recordingStates } from "@/components/ui/states";
import { listDevicesById } from "@/lib/devices/index.ts";
import { listRecordings, type RecordingRow } from "@/lib/recordings/index.ts";
import type { PersonContext } from "../context";
import type { PlacedWork } from "./index";

const hourMs = 3_600_000;
/** A quarantined recording stays one for ever; it waits for somebody for so long. */
const quarantineShownMs = 14 * 24 * hourMs;
const stalledAfterMs = hourMs;
const shown = 20;

/** What arrived and failed its checks, and what stopped arriving. */
export async function recordingWork(ctx: PersonContext): Promise<PlacedWork[]> {
  const now = ctx.clock.now().getTime();
  const since = new Date(now - quarantineShownMs);
  const [quarantined, receiving] = await Promise.all([
    listRecordings(ctx, { state: "quarantined", from: since }, null, shown),
    listRecordings(ctx, { state: "receiving" }, null, shown),
  ]);
  const devices = await listDevicesById(
    ctx,
    receiving.rows.map(({ device }) => device.id),
  );
  const lastSeen = new Map(devices.map((device) => [device.id, device.lastSeenAt?.getTime() ?? 0]));
  const stalled = receiving.rows.filter(
    (row) =>
      !row.isAbandoned &&
      now - row.createdAt.getTime() > stalledAfterMs &&
      now - (lastSeen.get(row.device.id) ?? 0) > stalledAfterMs,
  );
  return [
    ...quarantined.rows.map((row) => toWork(row, recordingStates.quarantined, "Look into it")),
    ...stalled.map((row) => toWork(row, workLooks.stalled, "Look into it")),
  ];
}

function toWork(row: RecordingRow, look: PlacedWork["look"], verb: string): PlacedWork {
  return {
    key: row.id,
    place: "recordings",
    look,
    title: row.site?.name ?? row.place ?? row.fileName,
    text: `${row.device.name}${row.source ? `, ${row.source}` : ""} · ${row.id}`,
    verb,
    href: `/recordings/${row.id}`,
    dueAt: null,
    since: row.createdAt,
    zone: row.site?.timeZone,
  };
}
