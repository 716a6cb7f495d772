import type { Context, Transaction } from "../context.ts";
import { AppError } from "../errors.ts";
import { jitteredSeconds } from "../jitter.ts";

/** Up to here an announcement is small: many at once may pass side by side. */
const smallBytes = 4 * 1024 * 1024;
/**
 * Room that must be left for small ones to pass side by side: a thousand of them, more than databases have
 * connections, cannot exceed it together.
 */
const easyBytes = 1_000 * smallBytes;
/** Any number that nothing else locks with. */
const lockKey = 0x5350_4143;

/** Claims the room; an upload that is new counts as one more that its device has begun. */
type Claims = (deviceId: string, upload: { isNew: boolean }) => Promise<void>;

/** There is too little room to let announcements pass side by side. */
class Tight extends Error {}

/**
 * Runs the transaction of an announcement so that what is promised to all devices together never exceeds what there
 * is, however many announce at once and on however many servers. Those that take much, or come when room is short,
 * go one after the other; small ones side by side.
 *
 * @param lengthBytes what is announced; null: not known yet
 * @param work writes the announcement, and calls `claim` as its last step
 */
export async function withSpace<T>(
  ctx: Context,
  lengthBytes: number | null,
  work: (tx: Transaction, claim: Claims) => Promise<T>,
): Promise<T> {
  const run = (isAlone: boolean) =>
    ctx.db.$transaction((tx) =>
      work(tx, (deviceId, { isNew }) => claimSpace(ctx, tx, { deviceId, lengthBytes, isNew, isAlone })),
    );
  if ((lengthBytes ?? 0) > smallBytes) return run(true);
  try {
    return await run(false);
  } catch (error) {
    if (!(error instanceof Tight)) throw error;
    return run(true);
  }
}

/**
 * Before more bytes of a file whose length is not known yet, for which nothing is reserved: is there room at all?
 *
 * @throws AppError insufficient_storage
 */
export async function requireSomeSpace(ctx: Context, deviceId: string): Promise<void> {
  await withSpace(ctx, null, (_tx, claim) => claim(deviceId, { isNew: false }));
}

type Room = {
  promised: bigint;
  used: bigint;
  device_used: bigint;
  device_open: number;
  device_quota: bigint | null;
};

/**
 * Bytes as all rows say, this transaction's own too. A promise is what an open upload has not brought yet. A part that
 * a file names takes room beside that file until it is put together, and counts for no quota of its own.
 */
async function readRoom(tx: Transaction, deviceId: string): Promise<Room> {
  const [room] = await tx.$queryRaw<Room[]>`
    WITH promise AS (
      SELECT device_id = ${deviceId} AS is_own, state = 'open' AS is_open,
             CASE WHEN final_upload_id IS NULL THEN greatest(coalesce(length_bytes, 0), offset_bytes) ELSE 0 END AS bytes,
             greatest(coalesce(length_bytes, 0) - offset_bytes, 0) AS missing
        FROM upload
       WHERE (state = 'open' OR (kind = 'part' AND final_upload_id IS NULL)) AND state <> 'terminated'
    ), stored AS (
      SELECT coalesce(sum(stored_bytes), 0)::bigint AS bytes,
             coalesce(sum(stored_bytes) FILTER (WHERE device_id = ${deviceId}), 0)::bigint AS own
        FROM device_usage
    )
    SELECT coalesce(sum(missing) FILTER (WHERE is_open), 0)::bigint AS promised,
           (coalesce(sum(promise.bytes), 0) + min(stored.bytes))::bigint AS used,
           (coalesce(sum(promise.bytes) FILTER (WHERE is_own), 0) + min(stored.own))::bigint AS device_used,
           (count(*) FILTER (WHERE is_own AND is_open))::int AS device_open,
           (SELECT quota_bytes FROM device WHERE id = ${deviceId}) AS device_quota
      FROM stored LEFT JOIN promise ON true`;
  if (room === undefined) throw new Error("A sum has one row");
  return room;
}

type Claim = { deviceId: string; lengthBytes: number | null; isNew: boolean; isAlone: boolean };

async function claimSpace(
  ctx: Context,
  tx: Transaction,
  { deviceId, lengthBytes, isNew, isAlone }: Claim,
): Promise<void> {
  if (isAlone) await tx.$executeRaw`SELECT pg_advisory_xact_lock(${lockKey})`;
  else await tx.$executeRaw`SELECT pg_advisory_xact_lock_shared(${lockKey})`;
  const { reserveBytes, quotaBytes, deviceOpenUploads } = ctx.limits;
  const [room, freeBytes] = await Promise.all([readRoom(tx, deviceId), ctx.storage.freeBytes()]);
  const asked = lengthBytes === null ? "this file" : `${lengthBytes} bytes`;
  const refuse = (why: string, minSeconds: number) => {
    const retryAfterSeconds = jitteredSeconds(minSeconds, minSeconds * 2);
    return new AppError("insufficient_storage", `${why} Nothing acknowledged was lost; try again later.`, {
      retryAfterSeconds,
    });
  };
  // With a length that is not known yet there must be room for a first byte.
  const least = lengthBytes === null ? 1 : 0;
  const left = [
    freeBytes === null ? Number.POSITIVE_INFINITY : freeBytes - reserveBytes - Number(room.promised) - least,
    room.device_quota === null ? Number.POSITIVE_INFINITY : Number(room.device_quota - room.device_used) - least,
    quotaBytes === null ? Number.POSITIVE_INFINITY : quotaBytes - Number(room.used) - least,
  ] as const;
  if (!isAlone && left.some((bytes) => bytes < easyBytes)) throw new Tight();
  if (left[0] < 0) throw refuse(`The archive's storage has no room for ${asked}.`, 60);
  if (left[1] < 0) throw refuse(`This device's quota of ${room.device_quota} bytes has no room for ${asked}.`, 600);
  if (left[2] < 0) throw refuse(`The archive's quota of ${quotaBytes} bytes has no room for ${asked}.`, 600);
  // Not what goes on: a device that has too many could finish none of them.
  if (isNew && room.device_open > deviceOpenUploads) {
    const message = `This device has ${deviceOpenUploads} unfinished uploads; finish or end one of them first.`;
    throw new AppError("too_many_requests", message, { retryAfterSeconds: jitteredSeconds(60, 120) });
  }
}
