import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import type { Context } from "../context.ts";
import { AppError } from "../errors.ts";
import { BlobDamagedError, type BlobWriter } from "../storage/index.ts";
import { type BodyCheck, maxChecksummedBytes, tooLongForChecksum } from "./checksum.ts";
import { ChunkDigester } from "./chunk-digester.ts";
import { commitInterruption, completePart } from "./commit.ts";
import { saveLength } from "./declare-length.ts";
import { DeclaredChunks } from "./declared-chunks.ts";
import { batchBytesOf, type EndReason, Inbox } from "./inbox.ts";
import { blobKeyOf } from "./internal.ts";
import { type Lease, leaseLost, releaseLease } from "./lease.ts";
import { noteResumption } from "./note-resumption.ts";
import { Reception } from "./reception.ts";
import { replaceUpload } from "./replace-upload.ts";
import { reportDamage } from "./report-damage.ts";
import { requireSomeSpace } from "./reserve-space.ts";
import { storageError } from "./storage-error.ts";
import type { Writers } from "./writers.ts";

/** How an append ended. */
export type AppendResult = { offsetBytes: number; isComplete: boolean; ended: EndReason };

type AppendOptions = {
  writers: Writers;
  /** Most bytes of a file whose length is not known yet. */
  maxBytes: number;
  /** What the whole body must be; nothing of it is promised before. */
  checksum?: BodyCheck | null;
  /** The length was told by this request, and is saved when its body was found right. */
  savesLength?: boolean;
  /** Whether the upload is complete with this body. Left out: it is as soon as its length is reached (tus 1.0). */
  completes?: boolean;
  /** Told in the middle of a body each time that more of it is promised. */
  onPromise?: (offsetBytes: number) => void;
};

/**
 * Appends a body to an upload under a lease, and lets go of the lease. The order of docs/storage.md: write,
 * digest, fdatasync, chunk rows and offset (and with the last byte the recording's state, the custody event and
 * the seal job) in one transaction, and only then the answer. What arrived before a body broke off stays, unless the
 * body has a checksum: then it is kept whole or not at all.
 *
 * @returns the durable offset; less than was sent when the body did not end whole
 * @throws AppError insufficient_storage, locked, upload_damaged, too_large, checksum_mismatch, chunk_mismatch, internal: what was promised stays
 */
export async function appendBytes(ctx: Context, lease: Lease, body: Readable, options: AppendOptions) {
  const { upload } = lease;
  const { writers, completes, onPromise } = options;
  const file = await openAt(ctx, lease);
  let reception: Reception | null = null;
  try {
    await noteResumption(ctx, lease);
    const digester = await resumeDigest(ctx, lease, writers);
    const checksum = options.checksum ?? null;
    const leftBytes = (upload.lengthBytes ?? options.maxBytes) - upload.offsetBytes;
    const takenBytes = checksum === null ? leftBytes : Math.min(leftBytes, maxChecksummedBytes);
    const inbox = new Inbox(body, takenBytes, batchBytesOf(writers.count + 1));
    const declared = upload.hasManifest ? new DeclaredChunks(ctx, upload.id) : null;
    reception = new Reception({ ctx, lease, file, digester, checksum, declared, inbox, writers, onPromise });
    writers.add(upload.id, reception);
    ctx.metrics.going("patches", 1);
    const savesLength = options.savesLength === true;
    return await receive(ctx, lease, { reception, digester, writers, leftBytes, savesLength, completes });
  } catch (error) {
    throw storageError(error);
  } finally {
    await closeQuietly(ctx, file);
    // After everything else, so that the next writer finds nobody in the file.
    await releaseLease(ctx.db, lease).catch((error: unknown) => ctx.log.warn({ err: error }, "a lease has to run out"));
    if (reception !== null) {
      writers.remove(upload.id, reception);
      ctx.metrics.going("patches", -1);
      reception.settle();
    }
  }
}

type Parts = {
  reception: Reception;
  digester: ChunkDigester;
  writers: Writers;
  leftBytes: number;
  savesLength: boolean;
  completes: boolean | undefined;
};

async function receive(ctx: Context, lease: Lease, parts: Parts): Promise<AppendResult> {
  const { reception, digester, writers } = parts;
  const ended = await receiveWhole(ctx, lease, parts);
  const { lengthBytes } = lease.upload;
  const isWhole =
    lengthBytes === null ? parts.completes === true && ended === "whole" : reception.writtenBytes === lengthBytes;
  const isComplete = isWhole && !reception.isHeld && parts.completes !== false;
  const state = digester.state();
  const progress = await reception.syncRest(isComplete);
  if (isComplete && lease.upload.recordingId === null) {
    await completePart(ctx, lease, progress);
  } else if (isComplete) {
    await writers.completions.add({ ctx, lease, progress, releases: true });
    lease.isReleased = true;
  } else if (ended === "whole") {
    await writers.commits.add({ ctx, lease, progress, releases: true });
    lease.isReleased = true;
    writers.keepDigest(lease.upload.id, lease.fence, state);
  } else {
    await commitInterruption(ctx, lease, progress, ended);
    if (ended === "too_long" && reception.isHeld && parts.leftBytes > maxChecksummedBytes) throw tooLongForChecksum();
    if (ended === "too_long") throw new AppError("too_large", "The body is longer than the upload's declared length.");
  }
  return { offsetBytes: progress.offsetBytes, isComplete, ended };
}

/** Receives a body, and when it is whole compares its checksum; what cannot be kept ends here. */
async function receiveWhole(ctx: Context, lease: Lease, { reception, savesLength }: Parts): Promise<EndReason> {
  try {
    const ended = await reception.run();
    if (ended === "whole") reception.verify();
    // Also of a body that broke off behind the last byte: the file is whole.
    if (!reception.isHeld && reception.writtenBytes === lease.upload.lengthBytes) await reception.verifyLast();
    if (ended === "whole" && savesLength) await saveLength(ctx, lease);
    return ended;
  } catch (error) {
    const { code } = storageError(error);
    if (code === "chunk_mismatch") await keepRight(ctx, lease, reception);
    if (code === "insufficient_storage") await keepWritten(ctx, lease, reception);
    // "the uploaded chunk MUST be discarded, and the upload and its offset MUST NOT be updated" (Checksum).
    if (code === "checksum_mismatch" || code === "digest_mismatch" || code === "invalid_input")
      await commitInterruption(ctx, lease, await reception.syncRest(false), code);
    throw error;
  }
}

/**
 * After a chunk that is not what the manifest says: keeps the chunks before it. When its beginning was acknowledged
 * before, another upload takes over from the chunk's first byte.
 */
async function keepRight(ctx: Context, lease: Lease, reception: Reception): Promise<void> {
  const fromBytes = reception.wrongFromBytes ?? 0;
  if (reception.acknowledgedBytes > fromBytes) {
    lease.replacedBy = await replaceUpload(ctx, lease, fromBytes);
    return;
  }
  const progress = await reception.syncRest(false);
  await commitInterruption(ctx, lease, progress, "chunk_mismatch");
  lease.upload.offsetBytes = progress.offsetBytes;
}

/**
 * After a full disk: keeps what was written before it, if the medium and the database still let us. Not a whole file:
 * its last byte is promised together with the recording's state, or not at all.
 */
async function keepWritten(ctx: Context, lease: Lease, reception: Reception): Promise<void> {
  if (reception.writtenBytes === lease.upload.lengthBytes) return;
  try {
    await commitInterruption(ctx, lease, await reception.syncRest(false), "insufficient_storage");
  } catch (error) {
    ctx.log.warn({ err: error, uploadId: lease.upload.id }, "bytes before a full disk could not be kept");
  }
}

async function openAt(ctx: Context, lease: Lease): Promise<BlobWriter> {
  try {
    if (lease.upload.lengthBytes === null) await requireSomeSpace(ctx, lease.upload.deviceId);
    return await ctx.storage.openWriter(blobKeyOf(lease.upload), lease.upload.offsetBytes, () => {
      // A disk that hung, or a machine that slept: another may have gone on from here, and its bytes are promised.
      if (performance.now() > lease.safeUntil) throw leaseLost();
    });
  } catch (error) {
    await releaseLease(ctx.db, lease);
    if (!(error instanceof BlobDamagedError)) throw storageError(error);
    const { expectedBytes, actualBytes } = error;
    await reportDamage(ctx, lease.upload, { expectedBytes, actualBytes });
    const message = "Bytes that were acknowledged are missing in storage. Keep your file; an operator must look at it.";
    throw new AppError("upload_damaged", message, { cause: error });
  }
}

/** A digester at the upload's offset: from the last PATCH's memory, or by reading the chunk's durable head again. */
async function resumeDigest(ctx: Context, lease: Lease, writers: Writers): Promise<ChunkDigester> {
  const { id, offsetBytes, chunkSizeBytes } = lease.upload;
  const kept = writers.takeDigest(id, lease.fence, offsetBytes);
  if (kept !== null) return new ChunkDigester(chunkSizeBytes, kept);
  const headBytes = offsetBytes % chunkSizeBytes;
  const hash = createHash("sha256");
  if (headBytes > 0) {
    const range = { start: offsetBytes - headBytes, end: offsetBytes - 1 };
    for await (const buffer of ctx.storage.read(blobKeyOf(lease.upload), range)) hash.update(buffer);
  }
  return new ChunkDigester(chunkSizeBytes, { offsetBytes, hash });
}

async function closeQuietly(ctx: Context, file: BlobWriter): Promise<void> {
  try {
    await file.close();
  } catch (error) {
    // Everything promised was synced before; a failing close can take nothing back.
    ctx.log.warn({ err: error }, "a blob did not close cleanly");
  }
}
