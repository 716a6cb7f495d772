import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { holdDevice, noteInstance } from "../devices/index.ts";
import { AppError } from "../errors.ts";
import {
  defaultDeviceSettings,
  type Heartbeat,
  type HeartbeatAnswer,
  HeartbeatError,
  readHeartbeat,
} from "../protocol/index.ts";
import type { Statement } from "../sql.ts";
import { shouldRotate } from "./alarms.ts";
import { type DeviceActor, requireDevice } from "./require-device.ts";

/** Length of one row of a device's series. */
export const slotMs = 5 * 60_000;
/** Nobody sends more between two heartbeats; what is said beyond it counts as this. */
const mostSentBytes = 10 ** 13;
/** Files that are told of with one heartbeat. */
const wantedAtOnce = 50;

/**
 * Keeps what a device says about itself and answers what it should know. Not a custody event: no evidence changes, and
 * a thousand devices say it every minute.
 *
 * @throws AppError unauthenticated, token_invalid, invalid_input
 */
export async function receiveHeartbeat(ctx: Context, body: unknown): Promise<HeartbeatAnswer> {
  const device = requireDevice(ctx);
  const heartbeat = read(body);
  await keepResults(ctx, device, heartbeat.wantedResults ?? []);
  const now = ctx.clock.now();
  const [row] = await ctx.sql<Kept>(keepHeartbeat, valuesOf(device, heartbeat, now));
  // Refused while the heartbeat was on its way.
  if (row === undefined)
    throw new AppError("token_invalid", "This device token is unknown, was revoked or has run out.");
  // Its own transaction only when a start is new, or comes back.
  if (!row.isCurrent) await ctx.db.$transaction((tx) => noteInstance(ctx, tx, device.deviceId, heartbeat.instance));
  const everySeconds = row.heartbeatSeconds ?? defaultDeviceSettings.heartbeatSeconds;
  return {
    serverTime: now.toISOString(),
    // A fifth either way: devices that were switched on together drift apart.
    nextInSeconds: Math.round(everySeconds * (0.8 + Math.random() * 0.4) * 10) / 10,
    configVersion: row.configVersion,
    wanted: row.wanted.map(({ id, fileName, sha256 }) => ({
      id,
      ...(fileName === null ? {} : { fileName }),
      ...(sha256 === null ? {} : { sha256 }),
    })),
    rotateKey: row.keyAt !== null && shouldRotate(row.keyAt, row.keyMaxAgeDays, now),
    chain: row.sequence === null ? null : { sequence: row.sequence, sha256: row.chainSha256 ?? "" },
  };
}

function read(body: unknown): Heartbeat {
  try {
    return readHeartbeat(body);
  } catch (error) {
    if (!(error instanceof HeartbeatError)) throw error;
    throw new AppError("invalid_input", error.message, error.member === null ? {} : { field: error.member });
  }
}

type Kept = {
  isCurrent: boolean;
  configVersion: number;
  heartbeatSeconds: number | null;
  keyMaxAgeDays: number | null;
  keyAt: Date | null;
  sequence: number | null;
  chainSha256: string | null;
  wanted: { id: string; fileName: string | null; sha256: string | null }[];
};

/** All of a heartbeat in one statement. What was sent is the growth of a counter that begins anew with each process. */
const keepHeartbeat: Statement = {
  name: "keep_heartbeat",
  text: `
    WITH allowed AS (
      SELECT id FROM device WHERE id = $1 AND state = 'active'
    ), earlier AS (
      SELECT summary->'instance'->>'process' AS process, (summary->'counters'->>'sentBytes')::numeric AS sent
        FROM device_heartbeat WHERE device_id = $1
    ), beat AS (
      INSERT INTO device_heartbeat (device_id, received_at, summary, work)
      SELECT id, $2::timestamptz, $3::jsonb, $4::jsonb FROM allowed
      ON CONFLICT (device_id) DO UPDATE SET received_at = excluded.received_at, summary = excluded.summary, work = excluded.work
    ), slot AS (
      INSERT INTO device_contact AS c (device_id, slot_at, contacts, sent_bytes, queue_files, queue_bytes, clock_offset_ms)
      SELECT id, $5::timestamptz, 1, least(greatest($6::numeric - coalesce((SELECT sent FROM earlier WHERE process = $7), 0), 0), ${mostSentBytes})::bigint,
             $8::int, $9::bigint, $10::float8 FROM allowed
      ON CONFLICT (device_id, slot_at) DO UPDATE SET contacts = c.contacts + 1,
        sent_bytes = c.sent_bytes + excluded.sent_bytes,
        queue_files = coalesce(excluded.queue_files, c.queue_files),
        queue_bytes = coalesce(excluded.queue_bytes, c.queue_bytes),
        clock_offset_ms = coalesce(excluded.clock_offset_ms, c.clock_offset_ms)
    )
    SELECT v.version AS "configVersion", (v.settings->>'heartbeatSeconds')::float8 AS "heartbeatSeconds",
           v.key_max_age_days AS "keyMaxAgeDays",
           (SELECT max(k.created_at) FROM device_key k WHERE k.device_id = $1 AND k.revoked_at IS NULL) AS "keyAt",
           EXISTS (SELECT 1 FROM device_instance i WHERE i.device_id = $1 AND i.boot_id = $11 AND i.process = $7
                      AND i.superseded_at IS NULL) AS "isCurrent",
           top.sequence::float8 AS sequence, encode(top.sha256, 'hex') AS "chainSha256",
           coalesce((SELECT json_agg(json_build_object('id', w.id, 'fileName', w.file_name, 'sha256', encode(w.sha256, 'hex')))
              FROM (SELECT * FROM wanted_file WHERE device_id = $1 AND state IN ('open', 'seen')
                     ORDER BY asked_at, id LIMIT ${wantedAtOnce}) w), '[]') AS wanted
      FROM device d
      JOIN LATERAL (SELECT * FROM device_policy_version
                     WHERE policy_id = coalesce(d.policy_id, (SELECT id FROM device_policy WHERE is_default))
                     ORDER BY version DESC LIMIT 1) v ON true
      LEFT JOIN LATERAL (
        SELECT * FROM (
          (SELECT sequence, manifest_sha256 AS sha256 FROM manifest WHERE device_id = $1 ORDER BY sequence DESC LIMIT 1)
          UNION ALL
          (SELECT sequence, statement_sha256 FROM chain_statement WHERE device_id = $1 ORDER BY sequence DESC LIMIT 1)
        ) link ORDER BY sequence DESC LIMIT 1) top ON true
     WHERE d.id = $1 AND d.state = 'active'`,
};

function valuesOf({ deviceId }: DeviceActor, heartbeat: Heartbeat, now: Date): unknown[] {
  const { sending = [], next = [], ...summary } = heartbeat;
  return [
    deviceId,
    now,
    JSON.stringify(summary),
    JSON.stringify({ sending, next }),
    new Date(Math.floor(now.getTime() / slotMs) * slotMs),
    heartbeat.counters?.sentBytes ?? 0,
    heartbeat.instance.process,
    heartbeat.queue === undefined ? null : Math.min(heartbeat.queue.files, 2 ** 31 - 1),
    heartbeat.queue?.bytes ?? null,
    heartbeat.clock?.offsetMs ?? null,
    heartbeat.instance.bootId,
  ];
}

/** What the device says of files that it was asked for. Only of its own, and what has ended stays so. */
async function keepResults(ctx: Context, device: DeviceActor, results: NonNullable<Heartbeat["wantedResults"]>) {
  const { deviceId } = device;
  if (results.length === 0) return;
  const open = await ctx.db.wantedFile.findMany({
    where: { deviceId, id: { in: results.map(({ id }) => id) }, state: { in: ["open", "seen"] } },
    select: { id: true, state: true },
  });
  const outcomes = new Map(results.map(({ id, outcome }) => [id, outcome]));
  for (const { id, state } of open) {
    const now = ctx.clock.now();
    if (outcomes.get(id) !== "not_found") {
      if (state === "open")
        await ctx.db.wantedFile.updateMany({ where: { id, state: "open" }, data: { state: "seen", seenAt: now } });
      continue;
    }
    await ctx.db.$transaction(async (tx) => {
      await holdDevice(tx, device);
      const where = { id, state: { in: ["open" as const, "seen" as const] } };
      const { count } = await tx.wantedFile.updateMany({ where, data: { state: "not_there", endedAt: now } });
      if (count === 1) await recordEvent(ctx, tx, { action: "wanted.not_found", deviceId, details: { wantedId: id } });
    });
  }
}
