import { Prisma } from "../../generated/prisma/client.ts";
import type { Database } from "../context.ts";
import type { AlarmFacts } from "./alarms.ts";

/** Numbers of a device that are missing, from `first` to `last`, and since when that is known. */
type Gap = { first: number; last: number; at: Date };
/** What is wrong with the signed numbers of one device as it stands now. */
export type ChainTrouble = { gaps: Gap[]; forks: AlarmFacts["forks"] };

type Found = { deviceId: string; sequence: number; at: Date; isFork: boolean; before: number };

/**
 * What is wrong with the numbers of all devices, or of one. It looks at the few links that came after a gap, and asks
 * for each what is below it by now: what arrived later, and what a tombstone explains, is not missing.
 */
export async function readChainTrouble(db: Database, deviceId: string | null): Promise<Map<string, ChainTrouble>> {
  const ofDevice = deviceId === null ? Prisma.empty : Prisma.sql`AND device_id = ${deviceId}`;
  const rows = await db.$queryRaw<Found[]>`
    SELECT g.device_id AS "deviceId", g.sequence::float8 AS sequence, g.at, g.is_fork AS "isFork",
           greatest(
             (SELECT max(sequence) FROM manifest WHERE device_id = g.device_id AND sequence < g.sequence),
             (SELECT max(sequence) FROM chain_statement WHERE device_id = g.device_id AND sequence < g.sequence),
             (SELECT max(of_sequence) FROM chain_statement WHERE device_id = g.device_id AND of_sequence < g.sequence),
             0)::float8 AS before
      FROM (
        SELECT device_id, sequence, received_at AS at, chain = 'fork' AS is_fork FROM manifest
         WHERE chain IN ('gap', 'fork') ${ofDevice}
        UNION ALL
        SELECT device_id, sequence, received_at, chain = 'fork' FROM chain_statement
         WHERE chain IN ('gap', 'fork') ${ofDevice}
        UNION ALL
        SELECT device_id, of_sequence, received_at, false FROM chain_statement s
         WHERE kind = 'tombstone' ${ofDevice}
           AND NOT EXISTS (SELECT 1 FROM manifest m WHERE m.device_id = s.device_id AND m.sequence = s.of_sequence)
      ) g
     ORDER BY g.device_id, g.sequence DESC, g.at`;
  const found = new Map<string, ChainTrouble>();
  for (const row of rows) {
    const trouble = found.get(row.deviceId) ?? { gaps: [], forks: null };
    found.set(row.deviceId, trouble);
    const isKnown = trouble.gaps.some(({ last }) => last === row.sequence - 1);
    if (row.before < row.sequence - 1 && !isKnown)
      trouble.gaps.push({ first: row.before + 1, last: row.sequence - 1, at: row.at });
    if (!row.isFork) continue;
    const { forks } = trouble;
    const lastAt = forks === null || row.at > forks.lastAt ? row.at : forks.lastAt;
    trouble.forks = { count: (forks?.count ?? 0) + 1, lastAt };
  }
  return found;
}

/** How many numbers are missing, and since when. */
export function missingOf({ gaps }: ChainTrouble): AlarmFacts["gaps"] {
  if (gaps.length === 0) return null;
  const missing = gaps.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  return { missing, since: new Date(Math.min(...gaps.map(({ at }) => at.getTime()))) };
}
