import type { FleetOverview, FleetPart } from "./types.ts";

/** The parts of a fleet that can be listed by themselves, in the order in which they are shown. */
export const fleetParts = [
  "all",
  "attention",
  "silent",
  "trouble",
  "waiting",
  "sending",
  "idle",
  "uploads_only",
  "never_seen",
  "pending",
  "suspended",
  "revoked",
] as const;

/** Whether a device belongs to this part. Who is revoked is part of nothing else. */
export function isInPart(row: FleetOverview, part: FleetPart): boolean {
  if (part === "all") return row.condition !== "revoked";
  if (part === "attention") return needsSomebody(row);
  return row.condition === part;
}

function needsSomebody({ alarms, condition }: FleetOverview): boolean {
  return alarms.length > 0 || condition === "pending" || condition === "silent" || condition === "trouble";
}

/** How many devices each part has. */
export function countParts(rows: readonly FleetOverview[]): Record<FleetPart, number> {
  const counts = Object.fromEntries(fleetParts.map((part) => [part, 0])) as Record<FleetPart, number>;
  for (const row of rows) {
    counts[row.condition]++;
    if (isInPart(row, "all")) counts.all++;
    if (isInPart(row, "attention")) counts.attention++;
  }
  return counts;
}
