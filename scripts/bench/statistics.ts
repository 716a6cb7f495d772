/** The value that a share of all values does not exceed; 0 without values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** The middle of what is known; null when nothing is. */
export function median(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : percentile(known, 0.5);
}

/** For a cell of a table: empty when unknown. */
export function cell(value: number | null, digits = 0): string {
  return value === null ? "" : value.toFixed(digits);
}
