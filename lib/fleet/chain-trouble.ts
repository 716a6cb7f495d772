import { Prisma } from "../../generated/prisma/client.ts";
import type { Database } from "../context.ts";
import { type AlarmFacts, gapsLookedAt } from "./alarms.ts";

/** What is wrong with the signed numbers of one device as it stands now. */
export type ChainTrouble = Pick<AlarmFacts, "gaps" | "forks">;

type FoundGap = { first: number; last: number; missing: number; since: string };
type Found = { deviceId: string; gaps: FoundGap[]; forks: number; lastForkAt: Date | null };

/** Whether nothing that counts has the number below that of `link`: a link in order has, and a gap that was filled. */
const followsGap = Prisma.sql`
  NOT EXISTS (SELECT 1 FROM manifest b
               WHERE b.device_id = link.device_id AND b.sequence = link.sequence - 1 AND b.set_aside_at IS NULL)
  AND NOT EXISTS (SELECT 1 FROM chain_statement b
                   WHERE b.device_id = link.device_id AND b.sequence = link.sequence - 1 AND b.set_aside_at IS NULL)
  AND NOT EXISTS (SELECT 1 FROM chain_statement b
                   WHERE b.device_id = link.device_id AND b.of_sequence = link.sequence - 1 AND b.set_aside_at IS NULL)`;

/**
 * What is wrong with the numbers of these devices. It looks at the few links that came after a gap, and asks for each
 * what is below it by now: what arrived later, what a tombstone explains and what somebody acknowledged is not
 * missing. What was set aside neither explains nor is missed.
 */
export async function readChainTrouble(db: Database, deviceIds: readonly string[]): Promise<Map<string, ChainTrouble>> {
  const rows = await db.$queryRaw<Found[]>`
    SELECT d.id AS "deviceId", coalesce(open.gaps, '[]') AS gaps, forked.count AS forks, forked.last AS "lastForkAt"
      FROM device d
     CROSS JOIN LATERAL (
       SELECT json_agg(json_build_object('first', below + 1, 'last', sequence - 1, 'since', since,
                                         'missing', sequence - 1 - below - told) ORDER BY sequence)
                FILTER (WHERE sequence - 1 - below > told) AS gaps
         FROM (
           SELECT link.*, CASE WHEN told.numbers IS NULL THEN 0 ELSE
                    (SELECT coalesce(sum(upper(part) - lower(part)), 0)
                       FROM unnest(told.numbers * int8multirange(int8range(below + 1, sequence))) part) END AS told,
                  -- A number is missed since any higher one is here.
                  min(at) OVER (ORDER BY sequence DESC) AS since
             FROM (
               SELECT g.sequence, min(g.at) AS at, max(below.sequence) AS below
                 FROM (
                   (SELECT sequence, received_at AS at FROM manifest link
                     WHERE device_id = d.id AND chain IN ('gap', 'fork') AND set_aside_at IS NULL
                       AND ${followsGap} ORDER BY sequence DESC LIMIT ${gapsLookedAt}::int)
                   UNION ALL
                   (SELECT sequence, received_at FROM chain_statement link
                     WHERE device_id = d.id AND chain IN ('gap', 'fork') AND set_aside_at IS NULL
                       AND ${followsGap} ORDER BY sequence DESC LIMIT ${gapsLookedAt}::int)
                   UNION ALL
                   (SELECT sequence, received_at FROM (
                      SELECT device_id, of_sequence AS sequence, received_at FROM chain_statement
                       WHERE device_id = d.id AND of_sequence IS NOT NULL AND set_aside_at IS NULL) link
                     WHERE ${followsGap}
                       AND NOT EXISTS (SELECT 1 FROM manifest m WHERE m.device_id = d.id
                                          AND m.sequence = link.sequence AND m.set_aside_at IS NULL)
                     ORDER BY sequence DESC LIMIT ${gapsLookedAt}::int)
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
                GROUP BY g.sequence
             ) link
             LEFT JOIN LATERAL (
               SELECT range_agg(numbers) AS numbers FROM acknowledged_gap
                WHERE device_id = d.id AND withdrawn_at IS NULL) told ON true
         ) seen
     ) open
     CROSS JOIN LATERAL (
       SELECT count(*)::int AS count, max(received_at) AS last FROM (
         (SELECT received_at FROM manifest
           WHERE device_id = d.id AND chain = 'fork' AND set_aside_at IS NULL
           ORDER BY sequence DESC LIMIT ${gapsLookedAt}::int)
         UNION ALL
         (SELECT received_at FROM chain_statement
           WHERE device_id = d.id AND chain = 'fork' AND set_aside_at IS NULL
           ORDER BY sequence DESC LIMIT ${gapsLookedAt}::int)) forks
     ) forked
     WHERE d.id = ANY(${deviceIds}) AND (open.gaps IS NOT NULL OR forked.count > 0)`;
  return new Map(rows.map((row) => [row.deviceId, troubleOf(row)]));
}

function troubleOf({ gaps, forks, lastForkAt }: Found): ChainTrouble {
  return {
    gaps: gaps.map((gap) => ({ ...gap, since: new Date(gap.since) })),
    forks: lastForkAt === null ? null : { count: forks, lastAt: lastForkAt },
  };
}
