const firstMs = 200;
const mostMs = 120_000;
const mostReceiptMs = 1_800_000;

/**
 * How long to wait before asking again whether a recording is sealed, after so many answers that it is not yet. It doubles:
 * an archive with a fleet's recordings to seal must not spend its time on being asked.
 */
export function confirmPauseMs(answers: number, random: () => number = Math.random): number {
  return Math.min(firstMs * 2 ** answers, mostMs) * (0.75 + random() / 2);
}

/** The same for its receipt, which is made a moment after the seal. */
export function receiptPauseMs(answers: number, random: () => number = Math.random): number {
  return Math.min(1000 * 1.5 ** answers, mostReceiptMs) * (0.75 + random() / 2);
}
