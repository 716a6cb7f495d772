import type { Context } from "../context.ts";
import type { ChunkRun } from "./types.ts";
import { getVisible, seesReleasedOnly } from "./visible.ts";

type RunRecord = Omit<ChunkRun, "bytes"> & { bytes: bigint };

/**
 * How a recording arrived: its chunks, split where the transfer was cut. A cut is another address, or a pause three
 * times longer than usual for this link and at least 30 s; a slow link alone makes none. Counted by the database,
 * because a recording may have tens of thousands of chunks and a screen needs a handful of runs.
 *
 * @throws AppError unauthenticated, forbidden, not_found
 */
export async function listChunkRuns(ctx: Context, id: string): Promise<ChunkRun[]> {
  const { actor, recording } = await getVisible(ctx, id);
  const runs = await ctx.db.$queryRaw<RunRecord[]>`
    WITH gaps AS (
      SELECT "index", length_bytes, sha256, received_at, received_from,
        received_at - lag(received_at) OVER arrival AS pause,
        received_from IS DISTINCT FROM lag(received_from) OVER arrival AS has_moved
      FROM chunk WHERE recording_id = ${recording.id} WINDOW arrival AS (ORDER BY "index")
    ), usual AS (
      SELECT greatest(interval '30 seconds', 3 * percentile_disc(0.5) WITHIN GROUP (ORDER BY pause)) AS longest FROM gaps
    ), cuts AS (
      SELECT gaps.*, pause IS NULL OR has_moved OR pause > longest AS is_first FROM gaps, usual
    ), numbered AS (
      SELECT cuts.*, count(*) FILTER (WHERE is_first) OVER (ORDER BY "index") AS run FROM cuts
    )
    SELECT min("index") AS "firstIndex", max("index") AS "lastIndex", sum(length_bytes)::bigint AS bytes,
      min(received_at) AS "startedAt", max(received_at) AS "endedAt", min(received_from) AS "receivedFrom",
      (extract(epoch FROM max(pause) FILTER (WHERE is_first)) * 1000)::float8 AS "pauseMs",
      bool_or(sha256 IS NULL) AS "isGrowing"
    FROM numbered GROUP BY run ORDER BY run`;
  const hidesAddresses = seesReleasedOnly(actor);
  return runs.map((run) => ({
    ...run,
    bytes: Number(run.bytes),
    receivedFrom: hidesAddresses ? "" : run.receivedFrom,
  }));
}
