import type { RecordingState } from "../../generated/prisma/client.ts";
import type { Context } from "../context.ts";
import { chunkCount, sha256HexOf } from "../protocol/index.ts";
import { recordingKey } from "../recordings/index.ts";
import { chunkRows, chunkSha256At, readBack } from "../uploads/index.ts";
import { checkReceipt } from "./check-receipt.ts";
import type { CheckDepth, CheckReport, Problem } from "./types.ts";

const batchSize = 500;

/** What the rows say about one recording. */
export type RecordingFacts = {
  id: string;
  state: RecordingState;
  sha256: Uint8Array | null;
  uploadState: "open" | "complete" | "terminated" | null;
  offsetBytes: number;
  chunkSizeBytes: number;
  chunks: number;
  chunkBytes: number;
  /** Whether custody has the event of the state it is in. */
  hasEvent: boolean;
};

type FactsRow = Omit<RecordingFacts, "offsetBytes" | "chunkBytes"> & { offsetBytes: bigint; chunkBytes: bigint };

/** The next recordings in order of id. */
export async function readBatch(ctx: Context, afterId: string, limit = batchSize): Promise<RecordingFacts[]> {
  const rows = await ctx.db.$queryRaw<FactsRow[]>`
    SELECT r.id, r.state::text AS state, r.sha256, u.state::text AS "uploadState",
      coalesce(u.offset_bytes, 0) AS "offsetBytes", coalesce(u.chunk_size_bytes, 0) AS "chunkSizeBytes",
      c.chunks, c.bytes AS "chunkBytes",
      r.state IN ('receiving', 'received') OR EXISTS (
        SELECT 1 FROM custody_event e WHERE e.recording_id = r.id AND e.action IN ('recording.sealed', 'recording.quarantined')
      ) AS "hasEvent"
    FROM recording r
      LEFT JOIN upload u ON u.recording_id = r.id
      CROSS JOIN LATERAL (
        SELECT count(*)::int AS chunks, coalesce(sum(length_bytes), 0)::bigint AS bytes FROM chunk WHERE recording_id = r.id
      ) c
    WHERE r.id > ${afterId} ORDER BY r.id LIMIT ${limit}`;
  return rows.map((row) => ({ ...row, offsetBytes: Number(row.offsetBytes), chunkBytes: Number(row.chunkBytes) }));
}

/** One recording's problems. What looks wrong is read again, because a running server goes on meanwhile. */
export async function checkRecording(
  ctx: Context,
  facts: RecordingFacts,
  reaches: (depth: CheckDepth) => boolean,
  report: CheckReport,
): Promise<Problem[]> {
  const found = await judge(ctx, facts, reaches, report);
  if (found.length === 0) return [];
  const again = await ctx.db.recording.findUnique({
    where: { id: facts.id },
    select: { state: true, upload: { select: { offsetBytes: true, state: true } } },
  });
  const isSame =
    again?.state === facts.state &&
    (again.upload?.state ?? null) === facts.uploadState &&
    Number(again.upload?.offsetBytes ?? 0) === facts.offsetBytes;
  return isSame ? found : [];
}

const restore = "Restore the file from a backup; until then do not release the recording.";

async function judge(
  ctx: Context,
  facts: RecordingFacts,
  reaches: (depth: CheckDepth) => boolean,
  report: CheckReport,
): Promise<Problem[]> {
  const { id } = facts;
  // The bytes of both are gone by decision.
  if (facts.state === "disposed" || facts.uploadState === "terminated") return [];
  if (facts.uploadState === null)
    return [
      {
        code: "row_without_upload",
        subject: id,
        found: "It has no upload row.",
        mend: "Restore the database from a backup.",
      },
    ];
  const problems: Problem[] = [];
  if (!facts.hasEvent)
    problems.push({
      code: "custody_missing",
      subject: id,
      found: `It is ${facts.state}, and custody does not say so.`,
      mend: "Rows were changed past the program. Compare the database with its backup.",
    });
  const isGapless = facts.chunks === chunkCount(facts.offsetBytes, facts.chunkSizeBytes);
  if (!isGapless || facts.chunkBytes !== facts.offsetBytes)
    problems.push({
      code: "chunks_incomplete",
      subject: id,
      found: `Its ${facts.chunks} chunk rows hold ${facts.chunkBytes} of ${facts.offsetBytes} bytes.`,
      mend: "Rows were changed past the program. Restore the database from a backup.",
    });
  if (facts.state === "sealed") problems.push(...(await checkReceipt(ctx, facts, reaches)));
  return [...problems, ...(await judgeBlob(ctx, facts, reaches, report))];
}

async function judgeBlob(
  ctx: Context,
  facts: RecordingFacts,
  reaches: (depth: CheckDepth) => boolean,
  report: CheckReport,
): Promise<Problem[]> {
  const { id: subject, offsetBytes } = facts;
  const key = recordingKey(subject);
  const size = await ctx.storage.size(key);
  const isWhole = facts.uploadState === "complete";
  // Also that of an upload which brought nothing yet: a blob is made before its row.
  if (size === null) {
    return [{ code: "blob_missing", subject, found: `Its file ${key} is not in storage.`, mend: restore }];
  }
  if (!reaches("size")) return [];
  if (size < offsetBytes) {
    const found = `Its file has ${size} bytes, and ${offsetBytes} were acknowledged.`;
    return [{ code: "blob_short", subject, found, mend: restore }];
  }
  // Beyond the offset of an open upload there may be bytes that were never acknowledged; resuming cuts them off.
  if (size > offsetBytes && isWhole) {
    const found = `Its file has ${size} bytes, and its rows say ${offsetBytes}.`;
    return [{ code: "blob_long", subject, found, mend: "The file was changed past the program. Restore it." }];
  }
  return reaches("digest") && size > 0 ? judgeBytes(ctx, facts, report) : [];
}

async function judgeBytes(ctx: Context, facts: RecordingFacts, report: CheckReport): Promise<Problem[]> {
  const { id: subject } = facts;
  const reader = await ctx.storage.openReader(recordingKey(subject));
  if (reader === null)
    return [{ code: "blob_missing", subject, found: "Its file vanished while it was read.", mend: restore }];
  try {
    const found = await readBack(reader, facts.chunkSizeBytes);
    report.bytesRead += found.sizeBytes;
    for await (const { index, offsetBytes, sha256 } of chunkRows(ctx.db, subject)) {
      const actual = chunkSha256At(found.chunkSha256s, index);
      // The growing chunk of an open upload has no digest yet.
      if (sha256 === null ? facts.uploadState !== "complete" : sha256HexOf(sha256) === actual) continue;
      const place = `Chunk ${index}, from byte ${offsetBytes}, is not as it arrived.`;
      return [{ code: "chunk_differs", subject, found: place, mend: restore }];
    }
    if (facts.sha256 !== null && sha256HexOf(facts.sha256) !== found.sha256)
      return [{ code: "digest_differs", subject, found: `Its SHA-256 is ${found.sha256} now.`, mend: restore }];
    return [];
  } finally {
    await reader.close();
  }
}
