import type { Database } from "../context.ts";
import type { AlarmFacts } from "./alarms.ts";

/** What is wrong with the signed numbers of one device as it stands now. */
export type ChainTrouble = Pick<AlarmFacts, "gaps" | "forks">;

/** Links of one device and kind that are looked at, the newest: one that signs nonsense must not slow down the others. */
const lookedAt = 500;

type FoundGap = { first: number; last: number; missing: number; since: string };
type Found = { deviceId: string; gaps: FoundGap[]; forks: number; lastForkAt: Date | null };

/**
 * What is wrong with the numbers of these devices. It looks at the few links that came after a gap, and asks for each
 * what is below it by now: what arrived later, what a tombstone explains and what somebody acknowledged is not missing. What was set aside neither explains nor is missed.
 */
export async function readChainTrouble(db: Database, deviceIds: readonly string[]): Promise<Map<string, ChainTrouble>> {
  const rows = await db.$queryRaw<Found[]>`
    SELECT device_id AS "deviceId", sum(forks)::int AS forks, max(fork_at) AS "lastForkAt",
           coalesce(json_agg(json_build_object('first', below + 1, 'last', sequence - 1, 'since', since,
                                               'missing', sequence - 1 - below - told) ORDER BY sequence)
                      FILTER (WHERE sequence - 1 - below > told), '[]') AS gaps
      FROM (
        SELECT link.*, CASE WHEN told.numbers IS NULL THEN 0 ELSE
                 (SELECT coalesce(sum(upper(part) - lower(part)), 0)
                    FROM unnest(told.numbers * int8multirange(int8range(below + 1, sequence))) part) END AS told,
               -- A number is missed since any higher one is here.
               min(at) OVER (PARTITION BY link.device_id ORDER BY sequence DESC) AS since
          FROM (
            SELECT d.id AS device_id, g.sequence, min(g.at) AS at, count(*) FILTER (WHERE g.is_fork) AS forks,
                   max(g.at) FILTER (WHERE g.is_fork) AS fork_at, max(below.sequence) AS below
              FROM device d
             CROSS JOIN LATERAL (
               (SELECT sequence, received_at AS at, chain = 'fork' AS is_fork FROM manifest
                 WHERE device_id = d.id AND chain IN ('gap', 'fork') AND set_aside_at IS NULL
                 ORDER BY sequence DESC LIMIT ${lookedAt}::int)
               UNION ALL
               (SELECT sequence, received_at, chain = 'fork' FROM chain_statement
                 WHERE device_id = d.id AND chain IN ('gap', 'fork') AND set_aside_at IS NULL
                 ORDER BY sequence DESC LIMIT ${lookedAt}::int)
               UNION ALL
               SELECT of_sequence, received_at, false FROM (
                 SELECT of_sequence, received_at FROM chain_statement
                  WHERE device_id = d.id AND of_sequence IS NOT NULL AND set_aside_at IS NULL
                  ORDER BY of_sequence DESC LIMIT ${lookedAt}::int) s
                WHERE NOT EXISTS (SELECT 1 FROM manifest m
                                   WHERE m.device_id = d.id AND m.sequence = s.of_sequence AND m.set_aside_at IS NULL)
             ) g
             CROSS JOIN LATERAL (
               SELECT greatest(
                 (SELECT max(sequence) FROM manifest
                   WHERE device_id = d.id AND sequence < g.sequence AND set_aside_at IS NULL),
                 (SELECT max(sequence) FROM chain_statement
                   WHERE device_id = d.id AND sequence < g.sequence AND set_aside_at IS NULL),
                 (SELECT max(of_sequence) FROM chain_statement
                   WHERE device_id = d.id AND of_sequence < g.sequence AND set_aside_at IS NULL),
                 0) AS sequence
             ) below
             WHERE d.id = ANY(${deviceIds})
             GROUP BY d.id, g.sequence
          ) link
          LEFT JOIN LATERAL (
            SELECT range_agg(numbers) AS numbers FROM acknowledged_gap
             WHERE device_id = link.device_id AND withdrawn_at IS NULL) told ON true
      ) seen
     GROUP BY device_id`;
  return new Map(rows.map((row) => [row.deviceId, troubleOf(row)]));
}

function troubleOf({ gaps, forks, lastForkAt }: Found): ChainTrouble {
  return {
    gaps: gaps.map((gap) => ({ ...gap, since: new Date(gap.since) })),
    forks: lastForkAt === null ? null : { count: forks, lastAt: lastForkAt },
  };
}
