import type { FleetOverview, FleetSort, FleetSortKey } from "./types.ts";

/** What a list of the fleet can be sorted by. */
export const fleetSortKeys = [
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

/** The order of a fleet when nobody asked for another. */
export const usualFleetSort: FleetSort = { key: "name", isDescending: false };

/** An order as addresses write it, as in "-queue": a hyphen turns it round. What is unknown is the usual one. */
export function readFleetSort(text: string): FleetSort {
  const key = fleetSortKeys.find((known) => known === text.replace(/^-/, ""));
  return key === undefined ? usualFleetSort : { key, isDescending: text.startsWith("-") };
}

/** A place in the order: the sorted value as text that compares as it sorts (null: it has none), the name, the id. */
export type OrderKey = { value: string | null; name: string; id: string };

// What needs somebody first.
const ranks = ["silent", "trouble", "pending", "waiting", "never_seen", "sending", "suspended", "idle", "uploads_only"];

/** A row of the fleet with what a list may be sorted by. */
export type Sortable = FleetOverview & { lastRecordingAt: Date | null };

const values: Record<FleetSortKey, (row: Sortable) => string | number | null> = {
  state: ({ condition }) => (ranks.includes(condition) ? ranks.indexOf(condition) : ranks.length),
  name: () => "",
  site: ({ site }) => site?.name ?? null,
  contact: ({ lastContactAt }) => lastContactAt?.getTime() ?? null,
  queue: ({ queue }) => queue?.bytes ?? null,
  oldest: ({ queue }) => queue?.oldestAt?.getTime() ?? null,
  recording: ({ lastRecordingAt }) => lastRecordingAt?.getTime() ?? null,
  clock: ({ clock }) => (clock?.offsetMs == null ? null : Math.abs(clock.offsetMs)),
  disk: ({ disk }) => disk?.freeBytes ?? null,
  version: ({ uploader }) => uploader?.version ?? null,
  key: ({ key }) => key?.dueAt?.getTime() ?? null,
};

/** Text without the difference of case and accents, as people look for it. */
export function foldedText(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

/** Text that compares, letter by letter, as people sort: "Van 9" before "Van 12". */
function sortableText(text: string): string {
  const digitsAlike = (digits: string) => digits.replace(/^0+(?=\d)/, "").padStart(15, "0");
  return foldedText(text).replace(/\d+/g, digitsAlike).slice(0, 120);
}

// None of these values is negative: times after 1970, sizes, ranks.
const toText = (value: string | number) =>
  typeof value === "string" ? sortableText(value) : Math.round(value).toString().padStart(20, "0");

/** Where a row stands in an order. */
export function orderKey(row: Sortable, { key }: FleetSort): OrderKey {
  const value = values[key](row);
  return { value: value === null ? null : toText(value), name: sortableText(row.name), id: row.id };
}

const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b));

/** Compares two places: what has no value stands last in either direction, and equal ones by name. */
export function compareKeys(a: OrderKey, b: OrderKey, isDescending: boolean): number {
  const byName = () => compare(a.name, b.name) * (isDescending && a.value === "" ? -1 : 1) || compare(a.id, b.id);
  if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null) || byName();
  return compare(a.value, b.value) * (isDescending ? -1 : 1) || byName();
}
