import { Prisma } from "../../generated/prisma/client.ts";
import type { Database } from "../context.ts";
import type { AlarmFacts } from "./alarms.ts";

/** What is wrong with the signed numbers of one device as it stands now. */
type ChainTrouble = Pick<AlarmFacts, "gaps" | "forks">;

/** Links of one device and kind that are looked at, the newest: one that signs nonsense must not slow down the others. */
const lookedAt = 500;

type Found = { deviceId: string; missing: number; since: Date | null; forks: number; lastForkAt: Date | null };

/**
 * What is wrong with the numbers of all devices that are not revoked, or of one. It looks at the few links that came
 * after a gap, and asks for each what is below it by now: what arrived later, and what a tombstone explains, is not
 * missing.
 */
export async function readChainTrouble(db: Database, deviceId: string | null): Promise<Map<string, ChainTrouble>> {
  const where = deviceId === null ? Prisma.sql`d.state <> 'revoked'` : Prisma.sql`d.id = ${deviceId}`;
  const rows = await db.$queryRaw<Found[]>`
    SELECT device_id AS "deviceId", coalesce(sum(missing), 0)::float8 AS missing, min(at) FILTER (WHERE missing > 0) AS since,
           sum(forks)::int AS forks, max(fork_at) AS "lastForkAt"
      FROM (
        SELECT d.id AS device_id, g.sequence, min(g.at) AS at, count(*) FILTER (WHERE g.is_fork) AS forks,
               max(g.at) FILTER (WHERE g.is_fork) AS fork_at, g.sequence - 1 - max(below.sequence) AS missing
          FROM device d
         CROSS JOIN LATERAL (
           (SELECT sequence, received_at AS at, chain = 'fork' AS is_fork FROM manifest
             WHERE device_id = d.id AND chain IN ('gap', 'fork') ORDER BY sequence DESC LIMIT ${lookedAt}::int)
           UNION ALL
           (SELECT sequence, received_at, chain = 'fork' FROM chain_statement
             WHERE device_id = d.id AND chain IN ('gap', 'fork') ORDER BY sequence DESC LIMIT ${lookedAt}::int)
           UNION ALL
           SELECT of_sequence, received_at, false FROM (
             SELECT of_sequence, received_at FROM chain_statement
              WHERE device_id = d.id AND of_sequence IS NOT NULL ORDER BY of_sequence DESC LIMIT ${lookedAt}::int) s
            WHERE NOT EXISTS (SELECT 1 FROM manifest m WHERE m.device_id = d.id AND m.sequence = s.of_sequence)
         ) g
         CROSS JOIN LATERAL (
           SELECT greatest(
             (SELECT max(sequence) FROM manifest WHERE device_id = d.id AND sequence < g.sequence),
             (SELECT max(sequence) FROM chain_statement WHERE device_id = d.id AND sequence < g.sequence),
             (SELECT max(of_sequence) FROM chain_statement WHERE device_id = d.id AND of_sequence < g.sequence),
             0) AS sequence
         ) below
         WHERE ${where}
         GROUP BY d.id, g.sequence
      ) link
     GROUP BY device_id`;
  return new Map(rows.map((row) => [row.deviceId, troubleOf(row)]));
}

function troubleOf({ missing, since, forks, lastForkAt }: Found): ChainTrouble {
  return {
    gaps: since === null ? null : { missing, since },
    forks: lastForkAt === null ? null : { count: forks, lastAt: lastForkAt },
  };
}
