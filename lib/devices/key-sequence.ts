/** What says which numbers of its device's chain a key signs. */
export type KeyRange = { revokedAt: Date | null; fromSequence: bigint; untilSequence: bigint | null };

/** Why a key may sign no new link of its device's chain with this number; null: it may. */
export function whyNotSigning({ revokedAt, fromSequence, untilSequence }: KeyRange, sequence: number): string | null {
  if (revokedAt !== null) return "This key was revoked; sign with another one that is registered.";
  const number = BigInt(sequence);
  if (number < fromSequence) return `This key signs numbers from ${fromSequence} on, not ${sequence}.`;
  if (untilSequence !== null && number >= untilSequence)
    return `This key has handed over: it signs numbers below ${untilSequence}, not ${sequence}.`;
  return null;
}
