import { z } from "zod";
import type { Context } from "../context.ts";
import { parseInput } from "../input.ts";
import { type Cursor, decodeCursor, pageSize, toPage, totalLimit } from "../page.ts";
import { authoriseOperator } from "../people/index.ts";
import {
  compareKeys,
  fleetSortKeys,
  foldedText,
  type OrderKey,
  orderKey,
  type Sortable,
  usualFleetSort,
} from "./fleet-order.ts";
import { countParts, fleetParts, isInPart } from "./parts.ts";
import { readFleet, withLastRecording } from "./read-fleet.ts";
import type { DeviceAlarmRow, FleetFilter, FleetOverview, FleetPage, FleetRow, FleetSort } from "./types.ts";

const filterInput = z.object({
  part: z.enum(fleetParts).default("all"),
  siteId: z.string().max(64).optional(),
  policyId: z.string().max(64).optional(),
  text: z.string().max(200).default(""),
  sort: z.object({ key: z.enum(fleetSortKeys), isDescending: z.boolean() }).default(usualFleetSort),
});

/**
 * One page of the fleet, by name unless told otherwise. All devices are read for it, once for all who look at that time
 * and without the catalogue: what is wrong with each decides which are shown and how many each part has.
 *
 * @param cursor of another page's answer; null: the first page
 * @param limit rows, at most 200
 * @throws AppError unauthenticated, forbidden, invalid_input naming the filter
 */
export async function listFleetPage(
  ctx: Context,
  filter: FleetFilter = {},
  cursor: string | null = null,
  limit = 50,
): Promise<FleetPage> {
  await authoriseOperator(ctx, "devices.list");
  const { part, sort, ...narrow } = parseInput(filterInput, filter);
  const place = decodeCursor(cursor, keyShapes);
  const size = pageSize(limit);
  const fleet = (await readFleet(ctx)).filter(finderOf(narrow));
  const shown = await toSortable(
    ctx,
    fleet.filter((row) => isInPart(row, part)),
    sort,
  );
  const keyed = shown.map((row) => ({ row, key: orderKey(row, sort) }));
  keyed.sort((a, b) => compareKeys(a.key, b.key, sort.isDescending));
  const page = toPage(cut(keyed, place, sort, size + 1), size, place, ({ key }) => partsOf(key));
  return {
    ...page,
    rows: await withLastRecording(
      ctx,
      page.rows.map(({ row: { lastRecordingAt: _, ...row } }) => row),
    ),
    total: Math.min(shown.length, totalLimit),
    isTotalExact: shown.length <= totalLimit,
    counts: countParts(fleet),
  };
}

type Narrow = { siteId?: string | undefined; policyId?: string | undefined; text: string };

function finderOf({ siteId, policyId, text }: Narrow) {
  const sought = foldedText(text.trim());
  return ({ id, name, alias, site, policy }: FleetOverview) =>
    (siteId === undefined || (site?.id ?? "none") === siteId) &&
    (policyId === undefined || policy.id === policyId) &&
    (sought === "" || [name, alias, site?.name, id].some((word) => word && foldedText(word).includes(sought)));
}

// The newest recording of every device is looked for only when it decides the order.
async function toSortable(ctx: Context, rows: FleetOverview[], { key }: FleetSort): Promise<Sortable[]> {
  if (key !== "recording") return rows.map((row) => ({ ...row, lastRecordingAt: null }));
  const found = await withLastRecording(ctx, rows);
  return found.map(({ lastRecording, ...row }) => ({ ...row, lastRecordingAt: lastRecording?.startAt ?? null }));
}

type Keyed = { row: Sortable; key: OrderKey };

/** So many rows behind a place, or before it and then backwards. */
function cut(rows: readonly Keyed[], place: Cursor | null, { isDescending }: FleetSort, count: number): Keyed[] {
  if (place === null) return rows.slice(0, count);
  const [value = "-", name = "", id = ""] = place.at;
  const from: OrderKey = { value: value === "-" ? null : value.slice(1), name, id };
  const side = place.direction === "next" ? 1 : -1;
  const beyond = rows.filter(({ key }) => compareKeys(key, from, isDescending) * side > 0);
  return side === 1 ? beyond.slice(0, count) : beyond.slice(-count).reverse();
}

const keyShapes = [/^(?:-|\+.{0,120})$/su, /^.{0,120}$/su, /^[\w-]{1,32}$/];

const partsOf = ({ value, name, id }: OrderKey) => [value === null ? "-" : `+${value}`, name, id];

/**
 * All devices that are not revoked, by name: how they are, and what is wrong with them.
 *
 * @throws AppError unauthenticated, forbidden
 */
export async function listFleet(ctx: Context): Promise<FleetRow[]> {
  return withLastRecording(ctx, await listFleetHealth(ctx));
}

/**
 * The same without the catalogue: for what stands in the frame of every page.
 *
 * @throws AppError unauthenticated, forbidden
 */
export async function listFleetHealth(ctx: Context): Promise<FleetOverview[]> {
  await authoriseOperator(ctx, "devices.list");
  return (await readFleet(ctx)).filter(({ state }) => state !== "revoked");
}

/**
 * All that is wrong in the fleet now: what is urgent first, then by device. Looking changes nothing and is no event.
 *
 * @throws AppError unauthenticated, forbidden
 */
export async function listDeviceAlarms(ctx: Context): Promise<DeviceAlarmRow[]> {
  const rows = await listFleetHealth(ctx);
  const all = rows.flatMap(({ id, name, site, alarms }) =>
    alarms.map((alarm) => ({
      ...alarm,
      device: { id, name, site: site === null ? null : { id: site.id, name: site.name } },
    })),
  );
  return [...all.filter(({ weight }) => weight === "urgent"), ...all.filter(({ weight }) => weight !== "urgent")];
}
