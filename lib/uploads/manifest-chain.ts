import type { ManifestChain } from "../../generated/prisma/client.ts";
import type { Transaction } from "../context.ts";
import type { Manifest } from "../protocol/index.ts";

/** Where a manifest stands among those of its device that are here, and why that is no order. */
export type ChainPlace =
  | { chain: Extract<ManifestChain, "first" | "in_order"> }
  | { chain: "gap"; missingFrom: number; missingUntil: number }
  | { chain: "fork"; reason: "same_number" | "wrong_previous" | "next_names_another" };

/**
 * Places a new manifest, in a transaction that holds its device's lock. A fork weighs more than a gap: one is a
 * contradiction, the other may only be late.
 */
export async function placeInChain(
  tx: Transaction,
  { device, sequence, previous }: Manifest,
  manifestSha256: string,
): Promise<ChainPlace> {
  const rows = await tx.manifest.findMany({
    where: { deviceId: device, sequence: { gte: BigInt(sequence - 1), lte: BigInt(sequence + 1) } },
    select: { sequence: true, manifestSha256: true, previousSha256: true },
  });
  const at = (number: number) => rows.filter((row) => Number(row.sequence) === number);
  const before = at(sequence - 1);
  if (at(sequence).length > 0) return { chain: "fork", reason: "same_number" };
  if ((sequence === 1) !== (previous === null)) return { chain: "fork", reason: "wrong_previous" };
  if (before.length > 0 && !before.some((row) => hexOf(row.manifestSha256) === previous))
    return { chain: "fork", reason: "wrong_previous" };
  const after = at(sequence + 1);
  if (after.length > 0 && !after.some((row) => hexOf(row.previousSha256) === manifestSha256))
    return { chain: "fork", reason: "next_names_another" };
  if (sequence === 1) return { chain: "first" };
  if (before.length > 0) return { chain: "in_order" };
  const last = await tx.manifest.findFirst({
    where: { deviceId: device, sequence: { lt: BigInt(sequence) } },
    orderBy: { sequence: "desc" },
    select: { sequence: true },
  });
  return { chain: "gap", missingFrom: Number(last?.sequence ?? 0) + 1, missingUntil: sequence - 1 };
}

const hexOf = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString("hex"));
