import { Readable } from "node:stream";
import type { Context } from "../context.ts";
import { AppError } from "../errors.ts";
import { noSignals } from "../signals.ts";
import { appendBytes } from "./append-bytes.ts";
import { saveLength, takeLength } from "./declare-length.ts";
import { type Lease, releaseLease, takeLease } from "./lease.ts";
import { partKey } from "./part-key.ts";
import { reportDamage } from "./report-damage.ts";
import { defaultTiming } from "./timing.ts";
import { Writers } from "./writers.ts";

/** A part that is complete. */
type Part = { id: string; deviceId: string; sizeBytes: number };

/**
 * Job `upload.assemble`: puts a file together from its parts, by the same way as bytes that a device sends: written,
 * digested on the file's own grid, synced, committed. So it is safe to be killed anywhere, and goes on where it was.
 * The parts' bytes are removed only when the file is complete. Safe to run twice and at once.
 *
 * @param signal ends it early, at a durable offset, to be run again
 * @throws AppError forbidden for anyone but the archive itself; what storage threw: the job runs again
 */
export async function assembleUpload(ctx: Context, input: { uploadId: string }, signal?: AbortSignal): Promise<void> {
  if (ctx.actor.kind !== "system") throw new AppError("forbidden", "Only the archive itself does this.");
  const { uploadId } = input;
  const final = await ctx.db.upload.findUniqueOrThrow({
    where: { id: uploadId },
    include: { parts: { orderBy: { partIndex: "asc" } } },
  });
  const parts = final.parts.map((part) => ({ ...part, sizeBytes: Number(part.lengthBytes) }));
  if (final.state === "open") {
    // The last of them to be complete adds this job again.
    if (parts.some(({ state }) => state !== "complete")) return;
    await checkParts(ctx, parts);
    // Nobody is in a hurry here: who wants the lease says so in its row.
    const writers = new Writers(defaultTiming, noSignals);
    const { lease } = await takeLease(ctx, uploadId, null, writers);
    if (lease !== null) await assemble(ctx, lease, parts, writers, signal); // else it is complete meanwhile
  }
  for (const part of parts) await ctx.storage.remove(partKey(part.id));
}

/** Before a byte is copied: a part that lost bytes would end the file early. */
async function checkParts(ctx: Context, parts: readonly Part[]): Promise<void> {
  for (const part of parts) {
    const actualBytes = await ctx.storage.size(partKey(part.id));
    if (actualBytes === part.sizeBytes) continue;
    const upload = { ...part, recordingId: null };
    const details = { uploadId: part.id, expectedBytes: part.sizeBytes, actualBytes };
    const known = {
      deviceId: part.deviceId,
      action: "upload.damaged",
      details: { path: ["uploadId"], equals: part.id },
    };
    // Said once: the job runs again for ever, and an operator may have put the bytes back.
    if ((await ctx.db.custodyEvent.count({ where: known })) === 0) await reportDamage(ctx, upload, details);
    throw new AppError("upload_damaged", `Part ${part.id} has ${actualBytes} of ${part.sizeBytes} bytes.`);
  }
}

async function assemble(
  ctx: Context,
  lease: Lease,
  parts: readonly Part[],
  writers: Writers,
  signal?: AbortSignal,
): Promise<void> {
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  try {
    await declareSize(ctx, lease, sizeBytes);
  } catch (error) {
    await releaseLease(ctx.db, lease);
    throw error;
  }
  const body = Readable.from(readFrom(ctx, parts, lease.upload.offsetBytes), { objectMode: false });
  const stop = () => body.destroy();
  signal?.addEventListener("abort", stop);
  try {
    const { ended, isComplete } = await appendBytes(ctx, lease, body, { writers, maxBytes: sizeBytes });
    if (!isComplete) throw new Error(`The file was not put together to its end: ${ended}`);
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** A length that was not known when the file was announced, because a part's was not. */
async function declareSize(ctx: Context, lease: Lease, sizeBytes: number): Promise<void> {
  if (lease.upload.lengthBytes !== null) return;
  takeLength(lease, sizeBytes);
  await saveLength(ctx, lease);
}

/** The file's bytes from an offset on. */
async function* readFrom(ctx: Context, parts: readonly Part[], offsetBytes: number): AsyncIterable<Uint8Array> {
  let skipBytes = offsetBytes;
  for (const { id, sizeBytes } of parts) {
    if (skipBytes < sizeBytes) yield* ctx.storage.read(partKey(id), { start: skipBytes, end: sizeBytes - 1 });
    skipBytes = Math.max(0, skipBytes - sizeBytes);
  }
}
