import type { Database } from "../context.ts";
import type { ManifestChainView } from "./types.ts";

/** Gaps and forks that are shown; a device with more has one trouble, not a thousand. */
const shown = 20;

/**
 * What the numbers in a device's manifests and statements say as they stand now: a gap that was filled later, or that a
 * tombstone explains, is none. Null: it has never sent either.
 */
export async function readManifestChain(db: Database, deviceId: string): Promise<ManifestChainView | null> {
  const [last] = await db.$queryRaw<{ count: number; sequence: bigint | null; receivedAt: Date }[]>`
    SELECT sum(manifests)::int AS count, max(sequence) AS sequence, max(at) AS "receivedAt" FROM (
      SELECT count(*) AS manifests, max(sequence) AS sequence, max(received_at) AS at FROM manifest
       WHERE device_id = ${deviceId}
      UNION ALL
      SELECT 0, max(sequence), max(received_at) FROM chain_statement WHERE device_id = ${deviceId}) kinds`;
  if (last === undefined || last.sequence === null) return null;
  const gaps = await db.$queryRaw<{ first: bigint; last: bigint }[]>`
    SELECT sequence + 1 AS first, next - 1 AS last
      FROM (SELECT sequence, lead(sequence) OVER (ORDER BY sequence) AS next
              FROM (SELECT 0::bigint AS sequence
                    UNION SELECT sequence FROM manifest WHERE device_id = ${deviceId}
                    UNION SELECT sequence FROM chain_statement WHERE device_id = ${deviceId}
                    UNION SELECT of_sequence FROM chain_statement
                           WHERE device_id = ${deviceId} AND of_sequence IS NOT NULL) known) pair
     WHERE next > sequence + 1 ORDER BY sequence DESC LIMIT ${shown}`;
  const forks = await db.$queryRaw<
    { sequence: bigint; recordingId: string; receivedAt: Date; isSameNumber: boolean }[]
  >`
    SELECT m.sequence, m.recording_id AS "recordingId", m.received_at AS "receivedAt",
           EXISTS (SELECT 1 FROM manifest o WHERE o.device_id = m.device_id AND o.sequence = m.sequence
                     AND o.manifest_sha256 <> m.manifest_sha256) AS "isSameNumber"
      FROM manifest m WHERE m.device_id = ${deviceId} AND m.chain = 'fork'
     ORDER BY m.received_at DESC, m.sequence DESC LIMIT ${shown}`;
  return {
    count: last.count,
    lastSequence: Number(last.sequence),
    lastReceivedAt: last.receivedAt,
    gaps: gaps.map((gap) => ({ first: Number(gap.first), last: Number(gap.last) })),
    forks: forks.map((fork) => ({ ...fork, sequence: Number(fork.sequence) })),
  };
}
