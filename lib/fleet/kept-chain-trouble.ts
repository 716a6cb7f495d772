import { Prisma } from "../../generated/prisma/client.ts";
import type { Database } from "../context.ts";
import { type ChainTrouble, readChainTrouble } from "./chain-trouble.ts";

type Kept = { deviceId: string; changes: bigint; isCurrent: boolean; trouble: Json<ChainTrouble> | null };

/** What JSON makes of it: times are text. */
type Json<T> = T extends Date ? string : T extends object ? { [Name in keyof T]: Json<T[Name]> } : T;

/**
 * What is wrong with the numbers of all devices that are not revoked, as it was counted last, and counted anew where
 * something has happened since that may change it (triggers count that). To look at every chain each time would cost
 * more than all else that a list shows.
 */
export async function readKeptChainTrouble(db: Database): Promise<Map<string, ChainTrouble>> {
  const kept = await db.$queryRaw<Kept[]>`
    SELECT c.device_id AS "deviceId", c.changes, c.counted = c.changes AS "isCurrent", c.trouble
      FROM device_chain c JOIN device d ON d.id = c.device_id
     WHERE (c.counted <> c.changes OR c.trouble IS NOT NULL) AND d.state <> 'revoked'`;
  const old = kept.filter(({ isCurrent }) => !isCurrent);
  const counted = old.length === 0 ? new Map<string, ChainTrouble>() : await readChainTrouble(db, idsOf(old));
  if (old.length > 0) await keep(db, old, counted);
  for (const { deviceId, isCurrent, trouble } of kept)
    if (isCurrent && trouble !== null) counted.set(deviceId, withTimes(trouble));
  return counted;
}

const idsOf = (rows: readonly Kept[]) => rows.map(({ deviceId }) => deviceId);

function withTimes({ gaps, forks }: Json<ChainTrouble>): ChainTrouble {
  return {
    gaps: gaps.map((gap) => ({ ...gap, since: new Date(gap.since) })),
    forks: forks && { ...forks, lastAt: new Date(forks.lastAt) },
  };
}

// Something that came meanwhile has changed the number, and something that is coming holds the row: both are left for
// the next look, which counts again.
async function keep(db: Database, old: readonly Kept[], counted: ReadonlyMap<string, ChainTrouble>): Promise<void> {
  const rows = old.map(({ deviceId, changes }) => {
    const trouble = counted.get(deviceId);
    const isAny = trouble !== undefined && (trouble.gaps.length > 0 || trouble.forks !== null);
    return { device_id: deviceId, changes: changes.toString(), trouble: isAny ? trouble : null };
  });
  const found = Prisma.sql`
    jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS f(device_id text, changes bigint, trouble jsonb)`;
  await db.$executeRaw`
    WITH free AS (
      SELECT c.device_id, f.changes, f.trouble FROM ${found} JOIN device_chain c USING (device_id)
       WHERE c.changes = f.changes FOR NO KEY UPDATE OF c SKIP LOCKED
    )
    UPDATE device_chain c SET counted = free.changes, trouble = nullif(free.trouble, 'null')
      FROM free WHERE c.device_id = free.device_id`;
}
