import type { ManifestChain } from "../../generated/prisma/client.ts";
import type { Transaction } from "../context.ts";

/** Where a link stands among those of its device that are here, and why that is no order. */
export type ChainPlace =
  | { chain: Extract<ManifestChain, "first" | "in_order"> }
  | { chain: "gap"; missingFrom: number; missingUntil: number }
  | { chain: "fork"; reason: "same_number" | "wrong_previous" | "next_names_another" };

/** A manifest or a statement, as far as its place goes. */
type Link = { device: string; sequence: number; previous: string | null };

/** `isNamed`: not here itself; a tombstone says that it had this number and digest. */
type Known = { sequence: number; sha256: string; previous: string | null; isNamed: boolean };

/**
 * Places a new link, in a transaction that holds its device's lock. Manifests and statements have one numbering. A fork
 * weighs more than a gap: one is a contradiction, the other may only be late.
 */
export async function placeInChain(
  tx: Transaction,
  { device, sequence, previous }: Link,
  linkSha256: string,
): Promise<ChainPlace> {
  const rows = await linksAround(tx, device, sequence);
  const at = (number: number) => rows.filter((row) => row.sequence === number);
  const before = at(sequence - 1);
  // What a tombstone names may still come: evidence is never refused.
  if (at(sequence).some((row) => !row.isNamed || row.sha256 !== linkSha256))
    return { chain: "fork", reason: "same_number" };
  if ((sequence === 1) !== (previous === null)) return { chain: "fork", reason: "wrong_previous" };
  if (before.length > 0 && !before.some((row) => row.sha256 === previous))
    return { chain: "fork", reason: "wrong_previous" };
  const after = at(sequence + 1).filter((row) => !row.isNamed);
  if (after.length > 0 && !after.some((row) => row.previous === linkSha256))
    return { chain: "fork", reason: "next_names_another" };
  if (sequence === 1) return { chain: "first" };
  if (before.length > 0) return { chain: "in_order" };
  return { chain: "gap", missingFrom: (await lastBefore(tx, device, sequence)) + 1, missingUntil: sequence - 1 };
}

async function linksAround(tx: Transaction, deviceId: string, sequence: number): Promise<Known[]> {
  return tx.$queryRaw<Known[]>`
    SELECT sequence::float8 AS sequence, encode(manifest_sha256, 'hex') AS sha256,
           encode(previous_sha256, 'hex') AS previous, false AS "isNamed"
      FROM manifest WHERE device_id = ${deviceId} AND sequence BETWEEN ${sequence - 1} AND ${sequence + 1}
    UNION ALL
    SELECT sequence::float8, encode(statement_sha256, 'hex'), encode(previous_sha256, 'hex'), false
      FROM chain_statement WHERE device_id = ${deviceId} AND sequence BETWEEN ${sequence - 1} AND ${sequence + 1}
    UNION ALL
    SELECT of_sequence::float8, encode(of_manifest_sha256, 'hex'), NULL, true
      FROM chain_statement WHERE device_id = ${deviceId} AND of_sequence BETWEEN ${sequence - 1} AND ${sequence}`;
}

async function lastBefore(tx: Transaction, deviceId: string, sequence: number): Promise<number> {
  const [row] = await tx.$queryRaw<{ last: number }[]>`
    SELECT greatest((SELECT max(sequence) FROM manifest WHERE device_id = ${deviceId} AND sequence < ${sequence}),
                    (SELECT max(sequence) FROM chain_statement WHERE device_id = ${deviceId} AND sequence < ${sequence}),
                    (SELECT max(of_sequence) FROM chain_statement WHERE device_id = ${deviceId} AND of_sequence < ${sequence}),
                    0)::float8 AS last`;
  return row?.last ?? 0;
}
