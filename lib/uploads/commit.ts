import type { Context, Transaction } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { sqlIn } from "../sql.ts";
import { subjectOf } from "./internal.ts";
import { type Lease, leaseLost } from "./lease.ts";
import { type Progress, writeProgress } from "./write-progress.ts";

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

/**
 * Promises the last bytes: offset, chunk rows, the recording's new state, the custody event and the job that
 * reads it back, in one transaction.
 */
export async function completeUpload(ctx: Context, lease: Lease, progress: Progress): Promise<void> {
  await ctx.db.$transaction(async (tx) => {
    await writeLast(ctx, tx, lease, progress);
    const { recordingId } = lease.upload;
    const input = { ...lease.upload, sizeBytes: progress.offsetBytes };
    await (recordingId === null ? markPartReceived(ctx, tx, input) : markReceived(ctx, tx, { ...input, recordingId }));
  });
  lease.isReleased = true;
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

/** Every byte of the file is durable: the upload is complete and the recording is due to be read back. */
export async function markReceived(
  ctx: Context,
  tx: Transaction,
  input: { id: string; recordingId: string; sizeBytes: number },
): Promise<void> {
  const { recordingId, sizeBytes } = input;
  // The length too: a client that never told it says with its last body that this is the end.
  const data = { state: "complete", lengthBytes: BigInt(sizeBytes) } as const;
  await tx.upload.update({ where: { id: input.id, state: "open" }, data });
  await tx.recording.update({
    where: { id: recordingId, state: "receiving" },
    data: { state: "received", sizeBytes: BigInt(sizeBytes), receivedAt: ctx.clock.now() },
  });
  await recordEvent(ctx, tx, { action: "recording.received", recordingId, details: { sizeBytes } });
  await ctx.jobs.add(tx, "recording.seal", { recordingId });
}
