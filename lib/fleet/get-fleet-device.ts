import type { RecordingState } from "../../generated/prisma/client.ts";
import type { Context } from "../context.ts";
import { countedNumbers } from "../devices/index.ts";
import { notFound } from "../errors.ts";
import { requireId } from "../input.ts";
import { authoriseOperator, roleMay } from "../people/index.ts";
import type { Heartbeat } from "../protocol/index.ts";
import { gapsLookedAt, missingIn } from "./alarms.ts";
import { readChainTrouble } from "./chain-trouble.ts";
import { readFleetDevice } from "./read-fleet.ts";
import { readStatements } from "./read-statements.ts";
import type { DeviceReceiptRow, ExpectedReceived, FleetDevice } from "./types.ts";
import { toRow } from "./wanted.ts";

const wantedShown = 50;
const receiptsShown = 20;

/**
 * One device of the fleet: what it said last, what it says it made against what is here, what it was asked for.
 *
 * @throws AppError unauthenticated, forbidden, not_found
 */
export async function getFleetDevice(ctx: Context, id: string): Promise<FleetDevice> {
  const actor = await authoriseOperator(ctx, "devices.list");
  const deviceId = requireId("device", id);
  const row = await readFleetDevice(ctx, deviceId);
  if (row === undefined) throw notFound("device");
  const kept = await ctx.db.deviceHeartbeat.findUnique({ where: { deviceId } });
  // Both halves were read by lib/protocol when they came.
  const heartbeat = kept === null ? null : ({ ...Object(kept.summary), ...Object(kept.work) } as Heartbeat);
  const wanted = await ctx.db.wantedFile.findMany({
    where: { deviceId },
    orderBy: [{ askedAt: "desc" }, { id: "asc" }],
    take: wantedShown,
  });
  const may = (permission: "wanted.ask" | "devices.change") =>
    actor.kind === "system" || roleMay(actor.role, permission);
  const gone = row.state === "revoked" ? "The device is revoked." : null;
  return {
    ...row,
    heartbeat,
    received: await readReceived(ctx, deviceId, heartbeat?.chain?.sequence ?? null),
    statements: await readStatements(ctx.db, deviceId),
    wanted: wanted.map((one) => toRow(one, actor)),
    receipts: await readReceipts(ctx, deviceId),
    can: {
      ask: may("wanted.ask") ? gone : "Only officers and administrators ask devices for files.",
      setPolicy: may("devices.change") ? gone : "Only administrators change devices.",
    },
  };
}

async function readReceived(ctx: Context, deviceId: string, saidSequence: number | null): Promise<ExpectedReceived> {
  const [numbers] = await ctx.db.$queryRaw<
    { numbers: number; last: number | null; tombstones: number; setAside: number }[]
  >`
    SELECT count(*) FILTER (WHERE counts)::int AS numbers, max(sequence)::float8 AS last,
           (SELECT count(*)::int FROM chain_statement
             WHERE device_id = ${deviceId} AND kind = 'tombstone' AND set_aside_at IS NULL) AS tombstones,
           count(*) FILTER (WHERE NOT counts)::int AS "setAside"
      FROM (SELECT sequence, bool_or(counts) AS counts FROM (
              SELECT sequence, set_aside_at IS NULL AS counts FROM manifest WHERE device_id = ${deviceId}
              UNION ALL
              SELECT sequence, set_aside_at IS NULL FROM chain_statement WHERE device_id = ${deviceId}) link
             GROUP BY sequence) number`;
  const states = await ctx.db.recording.groupBy({ by: ["state"], where: { deviceId }, _count: true });
  const count = (state: RecordingState) => states.find((row) => row.state === state)?._count ?? 0;
  const gaps = (await readChainTrouble(ctx.db, [deviceId])).get(deviceId)?.gaps ?? [];
  const lastSequence = numbers?.last ?? null;
  return {
    saidSequence,
    lastSequence,
    numbers: numbers?.numbers ?? 0,
    missing: gaps.length < gapsLookedAt ? missingIn(gaps) : await countMissing(ctx, deviceId),
    setAside: numbers?.setAside ?? 0,
    notSentYet: Math.max(0, (saidSequence ?? 0) - (lastSequence ?? 0)),
    recordings: {
      receiving: count("receiving"),
      received: count("received"),
      sealed: count("sealed"),
      quarantined: count("quarantined"),
      disposed: count("disposed"),
    },
    tombstones: numbers?.tombstones ?? 0,
  };
}

/** Every number that is missing without a word why, where there are more gaps than are looked at one by one. */
async function countMissing(ctx: Context, deviceId: string): Promise<number> {
  const [counted] = await ctx.db.$queryRaw<{ missing: number }[]>`
    WITH counted AS (${countedNumbers(deviceId)}),
         told AS (SELECT coalesce(range_agg(numbers), '{}') AS numbers FROM acknowledged_gap
                   WHERE device_id = ${deviceId} AND withdrawn_at IS NULL)
    SELECT (max(sequence) - count(*) FILTER (WHERE NOT told.numbers @> sequence)
             - (SELECT coalesce(sum(upper(part) - lower(part)), 0)
                  FROM unnest((SELECT numbers * int8multirange(int8range(1, (SELECT max(sequence) FROM counted) + 1))
                                 FROM told)) part))::float8 AS missing
      FROM counted, told`;
  return counted?.missing ?? 0;
}

async function readReceipts(ctx: Context, deviceId: string): Promise<DeviceReceiptRow[]> {
  const rows = await ctx.db.recording.findMany({
    where: { deviceId, state: "sealed", sealedAt: { not: null } },
    orderBy: [{ startAt: "desc" }, { id: "desc" }],
    take: receiptsShown,
    select: { id: true, fileName: true, sizeBytes: true, sealedAt: true, receipt: { select: { createdAt: true } } },
  });
  return rows.map(({ id, fileName, sizeBytes, sealedAt, receipt }) => ({
    recordingId: id,
    fileName,
    sizeBytes: Number(sizeBytes),
    sealedAt: sealedAt ?? new Date(0), // asked for above
    receiptAt: receipt?.createdAt ?? null,
  }));
}
