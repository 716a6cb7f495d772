import type { Context } from "../context.ts";
import { notFound } from "../errors.ts";
import { requireId } from "../input.ts";
import { authoriseOperator } from "../people/index.ts";
import { slotMs } from "./receive-heartbeat.ts";
import type { RatePoint, UptimeHour } from "./types.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** How long a device's series is kept. */
const keptMs = 40 * dayMs;
const prunedAtOnce = 20_000;

async function requireKnown(ctx: Context, id: string): Promise<string> {
  await authoriseOperator(ctx, "devices.list");
  const deviceId = requireId("device", id);
  if ((await ctx.db.device.count({ where: { id: deviceId } })) === 0) throw notFound("device");
  return deviceId;
}

/**
 * The hours of a device in the last 7 or 30 days, oldest first, up to the one that runs: in how many of its twelve
 * five-minute slots it was heard.
 *
 * @throws AppError unauthenticated, forbidden, not_found
 */
export async function readUptime(ctx: Context, input: { deviceId: string; days: 7 | 30 }): Promise<UptimeHour[]> {
  const deviceId = await requireKnown(ctx, input.deviceId);
  const last = Math.floor(ctx.clock.now().getTime() / hourMs) * hourMs;
  const from = last - input.days * dayMs + hourMs;
  const rows = await ctx.db.$queryRaw<{ at: Date; slots: number }[]>`
    SELECT date_trunc('hour', slot_at, 'UTC') AS at, count(*)::int AS slots FROM device_contact
     WHERE device_id = ${deviceId} AND slot_at >= ${new Date(from)} GROUP BY 1`;
  const slots = new Map(rows.map((row) => [row.at.getTime(), row.slots]));
  return Array.from({ length: input.days * 24 }, (_, index) => {
    const at = from + index * hourMs;
    return { at: new Date(at), slots: slots.get(at) ?? 0 };
  });
}

/**
 * What a device said it sent, and its queue: a day in five minutes each, or a week in hours, oldest first. A stretch
 * in which it said nothing is left out.
 *
 * @throws AppError unauthenticated, forbidden, not_found
 */
export async function readRates(ctx: Context, input: { deviceId: string; days: 1 | 7 }): Promise<RatePoint[]> {
  const deviceId = await requireKnown(ctx, input.deviceId);
  const stepMs = input.days === 1 ? slotMs : hourMs;
  const from = new Date(Math.floor(ctx.clock.now().getTime() / stepMs) * stepMs - input.days * dayMs + stepMs);
  const rows = await ctx.db.deviceContact.findMany({
    where: { deviceId, slotAt: { gte: from } },
    orderBy: { slotAt: "asc" },
    select: { slotAt: true, sentBytes: true, queueBytes: true },
  });
  const points = new Map<number, RatePoint>();
  for (const { slotAt, sentBytes, queueBytes } of rows) {
    const at = Math.floor(slotAt.getTime() / stepMs) * stepMs;
    const before = points.get(at);
    points.set(at, {
      at: new Date(at),
      seconds: stepMs / 1000,
      sentBytes: (before?.sentBytes ?? 0) + Number(sentBytes),
      queueBytes: queueBytes === null ? (before?.queueBytes ?? null) : Number(queueBytes),
    });
  }
  return [...points.values()];
}

/**
 * Job `fleet.prune`: removes what is older than 40 days from the series of heartbeats. No evidence, so no event.
 *
 * @returns how many rows went
 */
export async function pruneContacts(ctx: Context, signal?: AbortSignal): Promise<number> {
  const before = new Date(ctx.clock.now().getTime() - keptMs);
  let removed = 0;
  while (signal?.aborted !== true) {
    const count = await ctx.db.$executeRaw`
      DELETE FROM device_contact WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM device_contact WHERE slot_at < ${before} LIMIT ${prunedAtOnce}))`;
    removed += count;
    if (count < prunedAtOnce) break;
  }
  return removed;
}
