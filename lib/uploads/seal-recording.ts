import type { Prisma } from "../../generated/prisma/client.ts";
import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { chunkCount } from "../protocol/index.ts";
import { recordingKey } from "../recordings/index.ts";
import { type ReadBack, readBack } from "./read-back.ts";

/** Why a recording cannot be sealed. Stable codes, named in docs/storage.md. */
export type QuarantineReason = "missing" | "length_mismatch" | "chunk_mismatch" | "digest_mismatch";

type Finding = { reason: QuarantineReason; details: Prisma.InputJsonObject };

/** A recording that waits to be read back, with what was promised about its bytes. */
type Due = {
  id: string;
  sizeBytes: number;
  declaredSha256: string | null;
  chunkSizeBytes: number;
};

/**
 * Reads a received recording back from storage and seals it when length, every chunk digest and the declared
 * SHA-256 are what they should be; otherwise quarantines it. Safe to run twice and at once: only the first
 * changes anything.
 *
 * @param signal ends it early, to be run again
 * @throws what storage threw: the job runs again
 */
export async function sealRecording(ctx: Context, input: { recordingId: string }, signal?: AbortSignal): Promise<void> {
  const due = await findDue(ctx, input.recordingId);
  if (due === null) return;
  const reader = await ctx.storage.openReader(recordingKey(due.id));
  if (reader === null) return quarantine(ctx, due, { reason: "missing", details: {} }, null);
  try {
    const { sizeBytes } = reader;
    const finding = {
      reason: "length_mismatch",
      details: { expectedBytes: due.sizeBytes, actualBytes: sizeBytes },
    } as const;
    if (sizeBytes !== due.sizeBytes) return await quarantine(ctx, due, finding, null);
    const found = await readBack(reader, due.chunkSizeBytes, signal);
    const problem = (await compareChunks(ctx, due, found)) ?? compareDigest(due, found);
    await (problem === null ? seal(ctx, due, found) : quarantine(ctx, due, problem, found));
  } finally {
    await reader.close();
  }
}

async function findDue(ctx: Context, recordingId: string): Promise<Due | null> {
  const row = await ctx.db.recording.findUnique({
    where: { id: recordingId, state: "received" },
    include: { upload: { select: { chunkSizeBytes: true } } },
  });
  if (row === null) return null;
  if (row.upload === null || row.sizeBytes === null)
    throw new Error(`Recording ${recordingId} has no upload or length`);
  return {
    id: row.id,
    sizeBytes: Number(row.sizeBytes),
    declaredSha256: row.declaredSha256 === null ? null : Buffer.from(row.declaredSha256).toString("hex"),
    chunkSizeBytes: row.upload.chunkSizeBytes,
  };
}

/** The first chunk that is not in storage as it was when it arrived. */
async function compareChunks(ctx: Context, due: Due, found: ReadBack): Promise<Finding | null> {
  const rows = await ctx.db.chunk.findMany({
    where: { recordingId: due.id },
    orderBy: { index: "asc" },
    select: { index: true, lengthBytes: true, sha256: true },
  });
  for (let index = 0; index < chunkCount(due.sizeBytes, due.chunkSizeBytes); index++) {
    const [row, chunk] = [rows[index], found.chunks[index]];
    const expected = row?.sha256 ? Buffer.from(row.sha256).toString("hex") : null;
    if (row?.index === index && row.lengthBytes === chunk?.lengthBytes && expected === chunk.sha256) continue;
    return {
      reason: "chunk_mismatch",
      details: { index, expectedSha256: expected, actualSha256: chunk?.sha256 ?? null },
    };
  }
  return null;
}

function compareDigest(due: Due, found: ReadBack): Finding | null {
  if (due.declaredSha256 === null || due.declaredSha256 === found.sha256) return null;
  return { reason: "digest_mismatch", details: { declaredSha256: due.declaredSha256, actualSha256: found.sha256 } };
}

async function seal(ctx: Context, due: Due, found: ReadBack): Promise<void> {
  await ctx.db.$transaction(async (tx) => {
    const { count } = await tx.recording.updateMany({
      where: { id: due.id, state: "received" },
      data: { state: "sealed", sealedAt: ctx.clock.now(), sha256: Buffer.from(found.sha256, "hex") },
    });
    if (count === 0) return;
    const details = { sha256: found.sha256, sizeBytes: found.sizeBytes, chunks: found.chunks.length };
    await recordEvent(ctx, tx, { action: "recording.sealed", recordingId: due.id, details });
  });
}

async function quarantine(ctx: Context, due: Due, finding: Finding, found: ReadBack | null): Promise<void> {
  ctx.log.error({ recordingId: due.id, ...finding }, "a recording was quarantined");
  await ctx.db.$transaction(async (tx) => {
    const { count } = await tx.recording.updateMany({
      where: { id: due.id, state: "received" },
      data: {
        state: "quarantined",
        quarantinedAt: ctx.clock.now(),
        quarantineReason: finding.reason,
        sha256: found === null ? null : Buffer.from(found.sha256, "hex"),
      },
    });
    if (count === 0) return;
    const details = { reason: finding.reason, ...finding.details };
    await recordEvent(ctx, tx, { action: "recording.quarantined", outcome: "failed", recordingId: due.id, details });
  });
}
