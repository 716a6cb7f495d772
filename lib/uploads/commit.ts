import type { Context, Database, Transaction } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import type { WholeChunk } from "./chunk-digester.ts";
import { type Lease, leaseLost } from "./lease.ts";

/** Bytes that are durable in storage and not yet promised. */
export type Progress = {
  /** The new offset. */
  offsetBytes: number;
  /** Chunks that became whole. */
  chunks: readonly WholeChunk[];
  /** The chunk that is still growing, when the offset lies inside it. */
  tail: { index: number; lengthBytes: number } | null;
};

/** What becomes of the lease with a commit. */
type After = "keep" | "release";

/**
 * Writes chunk rows and the offset in one statement, if the lease still stands. The caller has made the bytes
 * durable before; after this the offset may be answered.
 *
 * @throws AppError locked when the lease was lost: nothing was written
 */
async function writeProgress(ctx: Context, db: Database | Transaction, lease: Lease, progress: Progress, after: After) {
  const rows = [...progress.chunks, ...(progress.tail === null ? [] : [{ ...progress.tail, sha256: "" }])];
  const now = ctx.clock.now();
  const [held] = await db.$queryRaw<{ id: string }[]>`
    WITH held AS (
      UPDATE upload
         SET offset_bytes = ${BigInt(progress.offsetBytes)}::bigint, last_activity_at = ${now}::timestamptz,
             lease_until = CASE WHEN ${after === "release"} THEN NULL ELSE lease_until END,
             lease_wanted = CASE WHEN ${after === "release"} THEN false ELSE lease_wanted END
       WHERE id = ${lease.upload.id} AND fence = ${lease.fence} AND state = 'open'
      RETURNING id, recording_id, chunk_size_bytes
    ), written AS (
      INSERT INTO chunk (recording_id, index, offset_bytes, length_bytes, sha256, received_at, received_from)
      SELECT held.recording_id, c.index, c.index::bigint * held.chunk_size_bytes, c.length_bytes,
             decode(nullif(c.sha256, ''), 'hex'), ${now}::timestamptz,
             ${ctx.origin.address ?? "local"}::text
        FROM held, unnest(${rows.map((row) => row.index)}::int[], ${rows.map((row) => row.lengthBytes)}::int[],
                          ${rows.map((row) => row.sha256)}::text[]) AS c (index, length_bytes, sha256)
      ON CONFLICT (recording_id, index) DO UPDATE
        SET length_bytes = excluded.length_bytes, sha256 = excluded.sha256,
            received_at = excluded.received_at, received_from = excluded.received_from
    )
    SELECT id FROM held`;
  if (held === undefined) throw leaseLost();
}

/** Promises durable bytes while the body goes on, or at its end before the file is whole. */
export async function commitProgress(ctx: Context, lease: Lease, progress: Progress, after: After): Promise<void> {
  await writeProgress(ctx, ctx.db, lease, progress, after);
  if (after === "release") lease.isReleased = true;
}

/** Promises what arrived before a body broke off, and says so in custody. */
export async function commitInterruption(ctx: Context, lease: Lease, progress: Progress, reason: string) {
  const { id, recordingId } = lease.upload;
  await ctx.db.$transaction(async (tx) => {
    await writeProgress(ctx, tx, lease, progress, "release");
    await tx.upload.update({ where: { id }, data: { interruptions: { increment: 1 } } });
    const details = { uploadId: id, offsetBytes: progress.offsetBytes, reason };
    await recordEvent(ctx, tx, { action: "upload.interrupted", outcome: "failed", recordingId, details });
  });
  lease.isReleased = true;
}

/**
 * Promises the last bytes: offset, chunk rows, the recording's new state, the custody event and the job that
 * reads it back, in one transaction.
 */
export async function completeUpload(ctx: Context, lease: Lease, progress: Progress): Promise<void> {
  await ctx.db.$transaction(async (tx) => {
    await writeProgress(ctx, tx, lease, progress, "release");
    await markReceived(ctx, tx, { ...lease.upload, sizeBytes: progress.offsetBytes });
  });
  lease.isReleased = true;
}

/** Every byte of the file is durable: the upload is complete and the recording is due to be read back. */
export async function markReceived(
  ctx: Context,
  tx: Transaction,
  input: { id: string; recordingId: string; sizeBytes: number },
): Promise<void> {
  const { recordingId, sizeBytes } = input;
  await tx.upload.update({ where: { id: input.id, state: "open" }, data: { state: "complete" } });
  await tx.recording.update({
    where: { id: recordingId, state: "receiving" },
    data: { state: "received", sizeBytes: BigInt(sizeBytes), receivedAt: ctx.clock.now() },
  });
  await recordEvent(ctx, tx, { action: "recording.received", recordingId, details: { sizeBytes } });
  await ctx.jobs.add(tx, "recording.seal", { recordingId });
}
