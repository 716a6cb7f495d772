import { type ArchiveKey, followKeys } from "../../lib/protocol/index.ts";
import { Problem } from "../problems.ts";

/**
 * The keys to believe of those that an archive shows. With a pin only that receipt key counts, and what it endorsed:
 * anybody can show a key that is somebody else's beside their own.
 *
 * @param pin thumbprint of a receipt key that the operator has from elsewhere; null: whoever answers first is believed
 * @throws Problem "refused" when the pinned key is not among them
 */
export function pinKeys(shown: readonly ArchiveKey[], pin: string | null): ArchiveKey[] {
  const receiptKeys = shown.filter(({ purpose }) => purpose === "receipt");
  if (receiptKeys.length === 0)
    throw new Problem("again", "The archive shows no receipt key. Is its first start over? Nothing was pinned.");
  if (pin === null) return [...shown];
  if (!receiptKeys.some(({ kid }) => kid === pin))
    throw new Problem(
      "refused",
      `This is not the archive that is meant: its receipt keys are ${receiptKeys.map(({ kid }) => kid).join(", ")}, and none of them is ${pin}. Nothing was pinned. Is the address right, and the pin a receipt key's thumbprint?`,
    );
  // A log key alone makes no receipt, so those are taken as they are shown.
  return followKeys(
    shown.filter(({ purpose, kid }) => purpose === "log" || kid === pin),
    shown,
  );
}

/** The receipt keys that sign today, to be shown and compared. */
export function currentReceiptKeys(keys: readonly ArchiveKey[]): string[] {
  return keys.filter(({ purpose, retiredAt }) => purpose === "receipt" && retiredAt === null).map(({ kid }) => kid);
}
