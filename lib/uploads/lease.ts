import type { Context, Database } from "../context.ts";
import { AppError } from "../errors.ts";
import { requireId } from "../input.ts";
import { jitteredSeconds } from "../jitter.ts";
import type { Statement } from "../sql.ts";
import { type UploadRow, uploadGone } from "./internal.ts";
import { goneIfReplaced } from "./replaced.ts";
import { knownToken, type SeenRow, seenColumns, seenUpload, seenValues } from "./seen-row.ts";
import type { WriterTiming } from "./timing.ts";
import type { Writers } from "./writers.ts";

/** The right to write one upload's bytes, held by one request at a time across all processes. */
export type Lease = {
  upload: UploadRow;
  /** Every lease raises it; what a writer with an older number commits is refused. */
  fence: number;
  /** Until when nobody else can have taken it, on the clock of `performance.now()`. */
  safeUntil: number;
  /** Its last holder vanished without letting go, as when a server was killed, and custody does not know that yet. */
  wasLeftBehind: boolean;
  /** Interruptions before this lease. */
  interruptions: number;
  /** It was let go of, with the last commit or by itself. */
  isReleased: boolean;
  /** The upload that took the place of this one while it was held; null: none. */
  replacedBy: UploadRow | null;
};

/** Taken off a lease's length before it counts as unsafe to write under. */
const marginMs = 500;

const tryOne: Statement = {
  name: "lease-take",
  text: `
    WITH ${knownToken}, seen AS (
      SELECT u.* FROM known, upload u WHERE known.is_known AND u.id = $1 AND (u.device_id = $2 OR $2::text IS NULL) FOR UPDATE OF u
    ), taken AS (
      UPDATE upload u
         SET fence = u.fence + 1, lease_wanted = false,
             lease_until = clock_timestamp() + $5::int * interval '1 millisecond'
        FROM seen
       WHERE u.id = seen.id AND seen.state = 'open'
         AND ($4::bigint IS NULL OR (seen.kind <> 'final' AND seen.offset_bytes = $4::bigint))
         AND (seen.lease_until IS NULL OR seen.lease_until <= clock_timestamp())
      RETURNING u.fence
    )
    SELECT ${seenColumns}, seen.interruptions, seen.lease_until IS NOT NULL AS was_left_behind, taken.fence
      FROM known LEFT JOIN seen ON true LEFT JOIN taken ON true`,
};

type TriedRow = SeenRow & { interruptions: number; was_left_behind: boolean; fence: number | null };

/**
 * One statement asks for the token if it was remembered, sees the row, and takes the lease if it is free, on the
 * database's clock, which all servers share.
 */
async function tryTake(ctx: Context, uploadId: string, offsetBytes: number | null, timing: WriterTiming) {
  const askedAt = performance.now();
  const [row] = await ctx.sql<TriedRow>(tryOne, [...seenValues(ctx, uploadId), offsetBytes, timing.leaseMs]);
  const upload = seenUpload(ctx, row);
  if (row === undefined || row.fence === null) return { upload, lease: null };
  const lease: Lease = {
    upload,
    fence: row.fence,
    safeUntil: askedAt + timing.leaseMs - marginMs,
    wasLeftBehind: row.was_left_behind,
    interruptions: row.interruptions,
    isReleased: false,
    replacedBy: null,
  };
  return { upload, lease };
}

/**
 * Takes the right to write an upload. The newer request wins: a writer that is there, in this process or another,
 * is asked to end at a durable offset, and this one waits for it.
 *
 * @param offsetBytes what the client believes; with another offset no lease is needed to say so. Null: any
 * @returns the upload, and the lease; null when the offset differs or the upload is complete
 * @throws AppError token_invalid, not_found, upload_gone, upload_final, locked
 */
export async function takeLease(ctx: Context, id: string, offsetBytes: number | null, writers: Writers) {
  const uploadId = requireId("upload", id);
  const begunAt = performance.now();
  const deadline = begunAt + writers.timing.busyWaitMs;
  let hasWaited = false;
  const news = new News(writers, uploadId);
  try {
    for (;;) {
      const seen = await tryTake(ctx, uploadId, offsetBytes, writers.timing).catch(goneIfReplaced(ctx, uploadId));
      if (seen.upload.state === "terminated") throw uploadGone();
      if (seen.upload.kind === "final" && offsetBytes !== null) throw finalUpload();
      const isBusy = seen.lease === null && seen.upload.state === "open";
      if (!isBusy || (offsetBytes !== null && seen.upload.offsetBytes !== offsetBytes)) {
        if (seen.lease !== null) countLease(ctx, seen.lease, hasWaited);
        return seen;
      }
      if (performance.now() > deadline) throw uploadBusy();
      const { heldFence } = seen.upload;
      if (heldFence !== null && writers.ask(uploadId, heldFence, "writer") === "elsewhere")
        await wantLease(ctx.db, uploadId);
      hasWaited = true;
      await news.next(writers.timing.lookMs);
    }
  } finally {
    news.end();
    if (hasWaited) ctx.metrics.took("leaseWait", performance.now() - begunAt);
  }
}

function countLease(ctx: Context, lease: Lease, hasWaited: boolean): void {
  if (lease.wasLeftBehind) ctx.metrics.add("leasesLeftBehind");
  else if (hasWaited) ctx.metrics.add("leaseTakeOvers");
}

/** For a writer whose process hears no signal: it looks each time that it renews. */
async function wantLease(db: Database, uploadId: string): Promise<void> {
  await db.$executeRaw`UPDATE upload SET lease_wanted = true WHERE id = ${uploadId} AND NOT lease_wanted`;
}

/** The 423 of a writer that does not give way. */
function uploadBusy(): AppError {
  const message = "Another request is writing this upload; try again in a moment.";
  return new AppError("locked", message, { retryAfterSeconds: jitteredSeconds(1, 3) });
}

/** Hears that an upload's writer let go, also when that was while nobody was waiting. */
class News {
  readonly #writers: Writers;
  readonly #uploadId: string;
  #stopListening: () => void;
  #isThere = false;
  #wake: (() => void) | null = null;

  constructor(writers: Writers, uploadId: string) {
    this.#writers = writers;
    this.#uploadId = uploadId;
    this.#stopListening = this.#listen();
  }

  #listen(): () => void {
    return this.#writers.onNews(this.#uploadId, () => {
      this.#isThere = true;
      this.#stopListening = this.#listen();
      this.#wake?.();
    });
  }

  /** Waits for news since the last call, at most so long. */
  async next(timeoutMs: number): Promise<void> {
    if (!this.#isThere) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#wake = null;
    this.#isThere = false;
  }

  end(): void {
    this.#stopListening();
  }
}

/**
 * For somebody who asks for the offset: lets a writer whose client has gone silent promise what it has, so that the
 * answer is where the client can go on. A writer that is receiving is not disturbed.
 */
export async function settleSilentWriter(upload: UploadRow, writers: Writers): Promise<void> {
  const { id, heldFence } = upload;
  if (heldFence === null || upload.state !== "open") return;
  const news = new News(writers, id);
  try {
    if (writers.ask(id, heldFence, "reader") !== false) await news.next(writers.timing.headWaitMs);
  } finally {
    news.end();
  }
}

/** What a writer learns when it renews its lease. */
export type Renewal = {
  /** Somebody asked for the upload since the last time. */
  isWanted: boolean;
  /** Its device was suspended or revoked meanwhile, or the key that bought its token. */
  isRefused: boolean;
};

/**
 * Renews a lease that nobody else has taken since, however late.
 *
 * @throws AppError locked when it is lost
 */
export async function renewLease(ctx: Context, lease: Lease, timing: WriterTiming): Promise<Renewal> {
  const kid = ctx.actor.kind === "device" ? (ctx.actor.key?.kid ?? null) : null;
  const askedAt = performance.now();
  const [row] = await ctx.db.$queryRaw<{ was_wanted: boolean; is_active: boolean }[]>`
    WITH seen AS (SELECT id, lease_wanted FROM upload WHERE id = ${lease.upload.id} FOR UPDATE)
    UPDATE upload u
       SET lease_until = clock_timestamp() + ${timing.leaseMs}::int * interval '1 millisecond', lease_wanted = false
      FROM seen
     WHERE u.id = seen.id AND u.fence = ${lease.fence} AND u.state = 'open'
    RETURNING seen.lease_wanted AS was_wanted,
              EXISTS (SELECT 1 FROM device d WHERE d.id = u.device_id AND d.state = 'active') AND (${kid}::text IS NULL
                OR EXISTS (SELECT 1 FROM device_key k WHERE k.kid = ${kid} AND k.revoked_at IS NULL)) AS is_active`;
  if (row === undefined) throw leaseLost();
  lease.safeUntil = askedAt + timing.leaseMs - marginMs;
  return { isWanted: row.was_wanted, isRefused: !row.is_active };
}

/**
 * Lets go of a lease; one that is lost already is nobody's loss. When its last holder vanished and custody does not know
 * that yet, the row goes on saying so, to whoever writes next.
 */
export async function releaseLease(db: Database, lease: Lease): Promise<void> {
  if (lease.isReleased) return;
  await db.$executeRaw`
    UPDATE upload SET lease_until = CASE WHEN ${lease.wasLeftBehind} THEN clock_timestamp() END, lease_wanted = false
     WHERE id = ${lease.upload.id} AND fence = ${lease.fence} AND state = 'open'`;
}

/**
 * "The Server MUST respond with the 403 Forbidden status to PATCH requests against a final upload URL" (tus 1.0,
 * Concatenation).
 */
function finalUpload(): AppError {
  return new AppError("upload_final", "This upload is put together from its parts and takes no bytes itself.");
}

/** The answer of a writer that was overtaken: what it had committed stays, the rest was never acknowledged. */
export function leaseLost(): AppError {
  return new AppError("locked", "A newer request took this upload over; ask for its offset and go on from there.", {
    retryAfterSeconds: jitteredSeconds(1, 3),
  });
}
