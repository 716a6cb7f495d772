import type { FleetRow } from "@/lib/fleet/types";
import { deviceLook } from "./device-looks";

export const sortKeys = [
  "state",
  "name",
  "site",
  "contact",
  "queue",
  "oldest",
  "recording",
  "clock",
  "disk",
  "version",
  "key",
] as const;
/** What the fleet's table can be sorted by. */
export type SortKey = (typeof sortKeys)[number];
/** The order of the fleet's table. */
export type FleetSort = { key: SortKey; isDescending: boolean };

const tones = ["bad", "wait", "info", "ok", "hold", "plain"];

const values: Record<SortKey, (row: FleetRow) => string | number | null> = {
  // What needs somebody first.
  state: (row) => `${tones.indexOf(deviceLook(row).tone)} ${deviceLook(row).label}`,
  name: (row) => row.name,
  site: (row) => row.site?.name ?? null,
  contact: (row) => row.lastContactAt?.getTime() ?? null,
  queue: (row) => row.queue?.bytes ?? null,
  oldest: (row) => row.queue?.oldestAt?.getTime() ?? null,
  recording: (row) => row.lastRecording?.startAt.getTime() ?? null,
  clock: (row) => (row.clock?.offsetMs == null ? null : Math.abs(row.clock.offsetMs)),
  disk: (row) => row.disk?.freeBytes ?? null,
  version: (row) => row.uploader?.version ?? null,
  key: (row) => row.key?.dueAt?.getTime() ?? null,
};

const words = new Intl.Collator("en", { numeric: true });

/** The rows in this order; those that have no value stand last in either direction, and equal ones by name. */
export function sortFleet(rows: FleetRow[], { key, isDescending }: FleetSort): FleetRow[] {
  const sortValue = values[key];
  return rows.toSorted((a, b) => {
    const [first, second] = [sortValue(a), sortValue(b)];
    if (first === null || second === null)
      return Number(first === null) - Number(second === null) || words.compare(a.name, b.name);
    const order =
      typeof first === "number" && typeof second === "number"
        ? first - second
        : words.compare(String(first), String(second));
    return (isDescending ? -order : order) || words.compare(a.name, b.name);
  });
}
