import type { Context, Transaction } from "../context.ts";
import { recordEvent, recordEvents } from "../custody/index.ts";
import { type Statement, sqlIn } from "../sql.ts";
import { subjectOf } from "./internal.ts";
import { type Lease, leaseLost } from "./lease.ts";
import { type Progress, type ProgressEntry, writeProgress } from "./write-progress.ts";

const markAll: Statement = {
  name: "mark-received",
  text: `
    WITH ended AS (
      SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[])
        AS e (upload_id, recording_id, size_bytes, at)
    ), complete AS (
      UPDATE upload u SET state = 'complete', length_bytes = ended.size_bytes
        FROM ended WHERE u.id = ended.upload_id AND u.state = 'open'
      RETURNING u.recording_id
    )
    UPDATE recording r SET state = 'received', size_bytes = ended.size_bytes, received_at = ended.at
      FROM complete JOIN ended ON ended.recording_id = complete.recording_id
     WHERE r.id = ended.recording_id AND r.state = 'receiving'
    RETURNING r.id`,
};

/** Writes the last progress under a lease, which ends with it, in the caller's transaction. */
async function writeLast(ctx: Context, tx: Transaction, lease: Lease, progress: Progress): Promise<void> {
  const written = await writeProgress(sqlIn(tx), [{ ctx, lease, progress, releases: true }]);
  if (!written.has(lease)) throw leaseLost();
}

/** Promises what arrived before a body broke off, and says so in custody. */
export async function commitInterruption(ctx: Context, lease: Lease, progress: Progress, reason: string) {
  const { id } = lease.upload;
  await ctx.db.$transaction(async (tx) => {
    await writeLast(ctx, tx, lease, progress);
    await tx.upload.update({ where: { id }, data: { interruptions: { increment: 1 } } });
    const details = { uploadId: id, offsetBytes: progress.offsetBytes, reason };
    await recordEvent(ctx, tx, {
      action: "upload.interrupted",
      outcome: "failed",
      ...subjectOf(lease.upload),
      details,
    });
  });
  lease.isReleased = true;
}

/** Promises the last bytes of a part: offset, its new state and the custody event, in one transaction. */
export async function completePart(ctx: Context, lease: Lease, progress: Progress): Promise<void> {
  await ctx.db.$transaction(async (tx) => {
    await writeLast(ctx, tx, lease, progress);
    await markPartReceived(ctx, tx, { ...lease.upload, sizeBytes: progress.offsetBytes });
  });
  lease.isReleased = true;
}

/**
 * Promises the last bytes of recordings: of each its offset, chunk rows, new state, custody event and the job that
 * reads it back, all of them in one transaction.
 *
 * @returns the leases under which it was written; the others were lost
 */
export async function completeUploads(ctx: Context, entries: readonly ProgressEntry[]): Promise<Set<Lease>> {
  return ctx.db.$transaction(async (tx) => {
    const written = await writeProgress(sqlIn(tx), entries);
    const whole = entries.filter(({ lease }) => written.has(lease));
    await markReceived(tx, whole.map(receivedOf));
    return written;
  });
}

function receivedOf({ ctx, lease, progress }: ProgressEntry): Received {
  const { id, recordingId } = lease.upload;
  if (recordingId === null) throw new Error("A part is no recording");
  return { ctx, id, recordingId, sizeBytes: progress.offsetBytes };
}

/** Every byte of a part is durable. The last part of a file has that file put together. */
export async function markPartReceived(
  ctx: Context,
  tx: Transaction,
  input: { id: string; deviceId: string; sizeBytes: number },
): Promise<void> {
  const { id, deviceId, sizeBytes } = input;
  const { finalUploadId } = await tx.upload.update({
    where: { id, state: "open" },
    data: { state: "complete", lengthBytes: BigInt(sizeBytes) },
    select: { finalUploadId: true },
  });
  await recordEvent(ctx, tx, { action: "upload.part_received", deviceId, details: { uploadId: id, sizeBytes } });
  if (finalUploadId === null) return;
  // One after the other: of two parts that are complete at once, the later commit must see the earlier. Both may hold
  // the key of this row already, for their foreign keys, which FOR UPDATE would wait for.
  await tx.$queryRaw`SELECT id FROM upload WHERE id = ${finalUploadId} FOR NO KEY UPDATE`;
  const open = await tx.upload.count({ where: { finalUploadId, state: "open" } });
  if (open === 0) await ctx.jobs.add(tx, "upload.assemble", { uploadId: finalUploadId });
}

/** An upload whose last byte arrived, and in whose name. */
export type Received = { ctx: Context; id: string; recordingId: string; sizeBytes: number };

/** Every byte of these files is durable: the uploads are complete and the recordings are due to be read back. */
export async function markReceived(tx: Transaction, received: readonly Received[]): Promise<void> {
  const [first] = received;
  if (first === undefined) return;
  // The length too: a client that never told it says with its last body that this is the end.
  const marked = await sqlIn(tx)<{ id: string }>(markAll, [
    received.map(({ id }) => id),
    received.map(({ recordingId }) => recordingId),
    received.map(({ sizeBytes }) => String(sizeBytes)),
    received.map(({ ctx }) => ctx.clock.now().toISOString()),
  ]);
  if (marked.length < received.length) throw new Error("An upload was complete, or its recording received, before");
  await recordEvents(
    tx,
    received.map(({ ctx, recordingId, sizeBytes }) => ({
      ctx,
      input: { action: "recording.received", recordingId, details: { sizeBytes } },
    })),
  );
  await first.ctx.jobs.add(tx, "recording.seal", ...received.map(({ recordingId }) => ({ recordingId })));
}
