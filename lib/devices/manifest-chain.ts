import type { Database } from "../context.ts";
import { countedNumbers } from "./chain-numbers.ts";
import type { AcknowledgedGapRow, ManifestChainView } from "./types.ts";

/** Forks that are shown; a device with more has one trouble, not a thousand. */
const shown = 20;
/** Gaps that are named, the newest: as many as one acknowledgement takes. */
const shownGaps = 200;
/** Acknowledgements that are shown: more, so that none of them is pushed out of sight by small ones. */
const acknowledgedShown = 200;

/**
 * What the numbers in a device's manifests and statements say as they stand now: a gap that was filled later, that a
 * tombstone explains or that somebody acknowledged is none; what was set aside fills none. Null: it has never sent either.
 */
export async function readManifestChain(db: Database, deviceId: string): Promise<ManifestChainView | null> {
  const [last] = await db.$queryRaw<{ count: number; sequence: bigint | null; receivedAt: Date; setAside: number }[]>`
    SELECT sum(manifests)::int AS count, max(sequence) AS sequence, max(at) AS "receivedAt",
           sum(aside)::int AS "setAside" FROM (
      SELECT count(*) AS manifests, max(sequence) AS sequence, max(received_at) AS at, count(set_aside_at) AS aside
        FROM manifest WHERE device_id = ${deviceId}
      UNION ALL
      SELECT 0, max(sequence), max(received_at), count(set_aside_at) FROM chain_statement
       WHERE device_id = ${deviceId}) kinds`;
  if (last === undefined || last.sequence === null) return null;
  const gaps = await db.$queryRaw<{ first: number; last: number; all: number }[]>`
    WITH counted AS (${countedNumbers(deviceId)})
    SELECT first::float8 AS first, last::float8 AS last, (count(*) OVER ())::int AS "all" FROM (
      SELECT max(last) OVER (ORDER BY first, last) + 1 AS first, lead(first) OVER (ORDER BY first, last) - 1 AS last
        FROM (SELECT 0::bigint AS first, 0::bigint AS last
              UNION ALL SELECT sequence, sequence FROM counted
              UNION ALL SELECT lower(told), upper(told) - 1 FROM acknowledged_gap, unnest(numbers) told
                         WHERE device_id = ${deviceId} AND withdrawn_at IS NULL
                           AND lower(told) < (SELECT max(sequence) FROM counted)) known) between_known
     WHERE last >= first ORDER BY first DESC LIMIT ${shownGaps}`;
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
    setAside: last.setAside,
    gaps: gaps.map(({ first, last }) => ({ first, last })),
    gapCount: gaps[0]?.all ?? 0,
    acknowledged: await readAcknowledged(db, deviceId),
    forks: forks.map((fork) => ({ ...fork, sequence: Number(fork.sequence) })),
  };
}

/** What people said of gaps and did not withdraw, newest first, with how many of the numbers are still missing. */
async function readAcknowledged(db: Database, deviceId: string): Promise<AcknowledgedGapRow[]> {
  return db.$queryRaw<AcknowledgedGapRow[]>`
    SELECT a.id, a.reason, a.acknowledged_by AS "acknowledgedBy", a.acknowledged_at AS "acknowledgedAt",
           (SELECT json_agg(json_build_object('first', lower(told), 'last', upper(told) - 1)) FROM unnest(a.numbers) told)
             AS ranges,
           -- Each stretch by itself, so that only what is in it is looked up in the index.
           (SELECT sum(upper(told) - lower(told) - (SELECT count(*) FROM (${countedNumbers(deviceId)}) counted
                                                     WHERE sequence BETWEEN lower(told) AND upper(told) - 1))
              FROM unnest(a.numbers) told)::float8 AS missing
      FROM acknowledged_gap a WHERE a.device_id = ${deviceId} AND a.withdrawn_at IS NULL
     ORDER BY a.acknowledged_at DESC, a.id LIMIT ${acknowledgedShown}`;
}
