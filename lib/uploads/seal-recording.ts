import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError, notFound } from "../errors.ts";
import { fulfilWanted } from "../fleet/index.ts";
import { requireId } from "../input.ts";
import { chunkCount, sha256HexOf } from "../protocol/index.ts";
import { recordingKey } from "../recordings/index.ts";
import { chunkRows } from "./chunk-rows.ts";
import { type Finding, markQuarantined, type QuarantineReason } from "./mark-quarantined.ts";
import { isTrusted, untrustedFinding } from "./quarantine-untrusted.ts";
import { chunkSha256At, type ReadBack, readBack } from "./read-back.ts";
import { findFirst } from "./repeats.ts";

/** A recording that is to be read back, with what was promised about its bytes. */
type Due = {
  id: string;
  state: "received" | "sealed";
  deviceId: string;
  fileName: string;
  receivedAt: Date | null;
  sizeBytes: number;
  /** What it was sealed with, else what the device declared. */
  expectedSha256: string | null;
  chunkSizeBytes: number;
  /** The manifest that announced it; null: none did. */
  manifestSha256: Uint8Array<ArrayBuffer> | null;
};

/**
 * Reads a received recording back from storage and seals it when length, every chunk digest, the
 * manifest and the declared SHA-256 are what they should be; otherwise quarantines it. Safe to run twice and at once: only the first
 * changes anything.
 *
 * @param signal ends it early, to be run again
 * @throws what storage threw, AppError unavailable when it is not the archive's: the job runs again
 */
export async function sealRecording(ctx: Context, input: { recordingId: string }, signal?: AbortSignal): Promise<void> {
  const due = await findDue(ctx, input.recordingId, "received");
  if (due === null) return;
  const startedAt = performance.now();
  const { problem, found } = await inspect(ctx, due, signal);
  if (problem !== null) await quarantine(ctx, due, problem, found);
  else if (found !== null && (await sealOrDoubt(ctx, due, found))) {
    ctx.metrics.took("seal", performance.now() - startedAt);
    ctx.metrics.add("sealedRecordings");
    ctx.metrics.add("sealedBytes", found.sizeBytes);
  }
}

/**
 * Quarantines a sealed recording whose bytes are not any more what was sealed, as a check found. Reads them itself, so
 * that nobody takes a sound one out by mistake. Its receipt stays as history.
 *
 * @throws AppError forbidden for anyone but an operator's command or a job; not_found when no sealed recording has
 *   this id; state_conflict when it is sound, or changed meanwhile; unavailable when the storage is not the archive's
 */
export async function quarantineRecording(ctx: Context, input: { recordingId: string }): Promise<QuarantineReason> {
  if (ctx.actor.kind !== "system") throw new AppError("forbidden", "Only the archive itself does this.");
  const due = await findDue(ctx, requireId("recording", input.recordingId), "sealed");
  if (due === null) throw notFound("sealed recording");
  const { problem, found } = await inspect(ctx, due);
  if (problem === null) throw new AppError("state_conflict", "Its bytes are what was sealed: there is no reason to.");
  if (!(await quarantine(ctx, due, problem, found))) throw new AppError("state_conflict", "It is not sealed any more.");
  return problem.reason;
}

async function findDue(ctx: Context, recordingId: string, state: Due["state"]): Promise<Due | null> {
  const row = await ctx.db.recording.findUnique({
    where: { id: recordingId, state },
    include: { upload: { select: { chunkSizeBytes: true, manifestSha256: true } } },
  });
  if (row === null) return null;
  if (row.upload === null || row.sizeBytes === null)
    throw new Error(`Recording ${recordingId} has no upload or length`);
  const expected = state === "sealed" ? row.sha256 : row.declaredSha256;
  return {
    id: row.id,
    state,
    deviceId: row.deviceId,
    fileName: row.fileName,
    receivedAt: row.receivedAt,
    sizeBytes: Number(row.sizeBytes),
    expectedSha256: expected === null ? null : Buffer.from(expected).toString("hex"),
    chunkSizeBytes: row.upload.chunkSizeBytes,
    manifestSha256: row.upload.manifestSha256,
  };
}

/** Sealed recordings that are looked for beside one that is missing. */
const lookedFor = 10;
const otherStorage =
  "None of the archive's recordings is in this storage: is STORAGE_URL the right one, and its disk mounted?";

/**
 * Whether the storage is not the one that the rows are about, as with a disk that is not mounted: then nothing is known
 * of the recording, and a quarantine cannot be taken back.
 */
async function isOtherStorage(ctx: Context, missingId: string): Promise<boolean> {
  const where = { state: "sealed", id: { not: missingId } } as const;
  const others = await ctx.db.recording.findMany({ where, orderBy: { id: "asc" }, take: lookedFor });
  for (const { id } of others) if ((await ctx.storage.size(recordingKey(id))) !== null) return false;
  return others.length > 0;
}

/** Reads every byte and says what is wrong first; null: it is as promised. */
async function inspect(
  ctx: Context,
  due: Due,
  signal?: AbortSignal,
): Promise<{ problem: Finding | null; found: ReadBack | null }> {
  const reader = await ctx.storage.openReader(recordingKey(due.id));
  if (reader === null) {
    if (await isOtherStorage(ctx, due.id)) throw new AppError("unavailable", otherStorage);
    return { problem: { reason: "missing", details: {} }, found: null };
  }
  try {
    const details = { expectedBytes: due.sizeBytes, actualBytes: reader.sizeBytes };
    if (reader.sizeBytes !== due.sizeBytes) return { problem: { reason: "length_mismatch", details }, found: null };
    const found = await readBack(reader, due.chunkSizeBytes, signal);
    const problem =
      (await compareChunks(ctx, due, found)) ?? (await compareManifest(ctx, due, found)) ?? compareDigest(due, found);
    return { problem, found };
  } finally {
    await reader.close();
  }
}

/** The first chunk that is not in storage as it was when it arrived. */
async function compareChunks(ctx: Context, due: Due, found: ReadBack): Promise<Finding | null> {
  const { sizeBytes, chunkSizeBytes } = due;
  const count = chunkCount(sizeBytes, chunkSizeBytes);
  let index = 0;
  for await (const row of chunkRows(ctx.db, due.id)) {
    if (index === count) break;
    const expected = row.sha256 === null ? null : sha256HexOf(row.sha256);
    const lengthBytes = Math.min(chunkSizeBytes, sizeBytes - index * chunkSizeBytes);
    const isRight = row.index === index && row.lengthBytes === lengthBytes && expected !== null;
    if (!isRight || expected !== chunkSha256At(found.chunkSha256s, index)) return differs(due, found, index, expected);
    index += 1;
  }
  return index === count ? null : differs(due, found, index, null);
}

/** The first chunk that is not in storage as the device signed it. Its size and SHA-256 are the recording's own. */
async function compareManifest(ctx: Context, due: Due, found: ReadBack): Promise<Finding | null> {
  if (due.manifestSha256 === null) return null;
  const { chunkSha256s } = await ctx.db.manifest.findUniqueOrThrow({
    where: { manifestSha256: due.manifestSha256 },
    select: { chunkSha256s: true },
  });
  for (let index = 0; index < chunkCount(due.sizeBytes, due.chunkSizeBytes); index++) {
    const expected = chunkSha256At(chunkSha256s, index);
    if (expected !== chunkSha256At(found.chunkSha256s, index)) return differs(due, found, index, expected);
  }
  return null;
}

function differs(due: Due, found: ReadBack, index: number, expectedSha256: string | null): Finding {
  const offsetBytes = index * due.chunkSizeBytes;
  const actualSha256 = chunkSha256At(found.chunkSha256s, index);
  return { reason: "chunk_mismatch", details: { index, offsetBytes, expectedSha256, actualSha256 } };
}

function compareDigest(due: Due, found: ReadBack): Finding | null {
  const { expectedSha256, state } = due;
  if (expectedSha256 === null || expectedSha256 === found.sha256) return null;
  const expected = state === "sealed" ? { sealedSha256: expectedSha256 } : { declaredSha256: expectedSha256 };
  return { reason: "digest_mismatch", details: { ...expected, actualSha256: found.sha256 } };
}

/** Seals it, unless its device is not believed any more since before it arrived. */
async function sealOrDoubt(ctx: Context, due: Due, found: ReadBack): Promise<boolean> {
  const outcome = await seal(ctx, due, found);
  if (outcome !== null) return outcome;
  const { untrustedSince } = await ctx.db.device.findUniqueOrThrow({ where: { id: due.deviceId } });
  if (untrustedSince !== null)
    await markQuarantined(ctx, due, untrustedFinding(due.deviceId, untrustedSince), found.sha256);
  return false;
}

/** Whether it was sealed; null: its device is not believed. */
async function seal(ctx: Context, due: Due, found: ReadBack): Promise<boolean | null> {
  return ctx.db.$transaction(async (tx) => {
    // Locks the device: a revocation comes wholly before this, or its job finds a sealed recording.
    const repeatOfId = await findFirst(tx, due, found);
    const device = await tx.device.findUniqueOrThrow({
      where: { id: due.deviceId },
      select: { untrustedSince: true },
    });
    if (!isTrusted(device.untrustedSince, due.receivedAt)) return null;
    const { count } = await tx.recording.updateMany({
      where: { id: due.id, state: "received" },
      data: { state: "sealed", sealedAt: ctx.clock.now(), sha256: Buffer.from(found.sha256, "hex"), repeatOfId },
    });
    if (count === 0) return false;
    const details = {
      sha256: found.sha256,
      sizeBytes: found.sizeBytes,
      chunks: chunkCount(found.sizeBytes, due.chunkSizeBytes),
    };
    await recordEvent(ctx, tx, { action: "recording.sealed", recordingId: due.id, details });
    const { id: recordingId, deviceId, fileName } = due;
    await fulfilWanted(ctx, tx, { recordingId, deviceId, fileName, sha256: found.sha256 });
    if (repeatOfId === null) return true;
    const repeat = { recordingId: due.id, deviceId: due.deviceId, details: { repeatOf: repeatOfId } };
    await recordEvent(ctx, tx, { action: "recording.repeated", ...repeat });
    return true;
  });
}

async function quarantine(ctx: Context, due: Due, finding: Finding, found: ReadBack | null): Promise<boolean> {
  ctx.log.error({ recordingId: due.id, ...finding }, "a recording was quarantined");
  const isNews = await markQuarantined(ctx, due, finding, found?.sha256 ?? null);
  if (isNews) ctx.metrics.add("quarantinedRecordings");
  return isNews;
}
