import type { Context } from "../context.ts";
import type { Sql, Statement } from "../sql.ts";
import type { WholeChunk } from "./chunk-digester.ts";
import type { Lease } from "./lease.ts";

/** Bytes that are durable in storage and not yet promised. */
export type Progress = {
  /** The new offset. */
  offsetBytes: number;
  /** Chunks that became whole. */
  chunks: readonly WholeChunk[];
  /** The chunk that is still growing, when the offset lies inside it. */
  tail: { index: number; lengthBytes: number } | null;
};

/** One upload's progress, and whether its lease ends with it. */
export type ProgressEntry = { ctx: Context; lease: Lease; progress: Progress; releases: boolean };

const writeAll: Statement = {
  name: "progress-write",
  text: `
    WITH held AS (
      UPDATE upload u
         SET offset_bytes = e.offset_bytes, last_activity_at = e.at,
             lease_until = CASE WHEN e.releases THEN NULL ELSE u.lease_until END,
             lease_wanted = u.lease_wanted AND NOT e.releases
        FROM unnest($1::text[], $2::int[], $3::bigint[], $4::boolean[], $5::timestamptz[])
             AS e (id, fence, offset_bytes, releases, at)
       WHERE u.id = e.id AND u.fence = e.fence AND u.state = 'open'
      RETURNING u.id, u.fence, u.recording_id, u.chunk_size_bytes, e.at
    ), written AS (
      INSERT INTO chunk (recording_id, index, offset_bytes, length_bytes, sha256, received_at, received_from)
      SELECT held.recording_id, c.index, c.index::bigint * held.chunk_size_bytes, c.length_bytes,
             decode(nullif(c.sha256, ''), 'hex'), held.at, c.received_from
        FROM held
        JOIN unnest($6::text[], $7::int[], $8::int[], $9::text[], $10::text[], $11::int[])
             AS c (upload_id, index, length_bytes, sha256, received_from, fence)
          ON c.upload_id = held.id AND c.fence = held.fence
       WHERE held.recording_id IS NOT NULL
      ON CONFLICT (recording_id, index) DO UPDATE
        SET length_bytes = excluded.length_bytes, sha256 = excluded.sha256,
            received_at = excluded.received_at, received_from = excluded.received_from
    )
    SELECT id, fence FROM held`,
};

/**
 * Writes chunk rows and offsets of any number of uploads in one statement, each only if its lease still stands.
 * A part has no chunk rows: its bytes get their place in a file, and with it their digests, when it is put together.
 * The caller has made the bytes durable before; after this the offsets may be answered.
 *
 * @returns the leases under which something was written; the others were lost. An upload that was taken over a moment
 *   ago may be there twice, once for each of its writers
 */
export async function writeProgress(sql: Sql, entries: readonly ProgressEntry[]): Promise<Set<Lease>> {
  const chunks = entries.flatMap(({ ctx, lease, progress }) =>
    [...progress.chunks, ...(progress.tail === null ? [] : [{ ...progress.tail, sha256: "" }])].map((chunk) => ({
      ...chunk,
      uploadId: lease.upload.id,
      fence: lease.fence,
      from: ctx.origin.address ?? "local",
    })),
  );
  const startedAt = performance.now();
  const held = await sql<{ id: string; fence: number }>(writeAll, [
    entries.map(({ lease }) => lease.upload.id),
    entries.map(({ lease }) => lease.fence),
    entries.map(({ progress }) => String(progress.offsetBytes)),
    entries.map(({ releases }) => releases),
    entries.map(({ ctx }) => ctx.clock.now().toISOString()),
    chunks.map((chunk) => chunk.uploadId),
    chunks.map((chunk) => chunk.index),
    chunks.map((chunk) => chunk.lengthBytes),
    chunks.map((chunk) => chunk.sha256),
    chunks.map((chunk) => chunk.from),
    chunks.map((chunk) => chunk.fence),
  ]);
  entries[0]?.ctx.metrics.took("commit", performance.now() - startedAt);
  const isHeld = ({ upload, fence }: Lease) => held.some((row) => row.id === upload.id && row.fence === fence);
  return new Set(entries.map(({ lease }) => lease).filter(isHeld));
}
