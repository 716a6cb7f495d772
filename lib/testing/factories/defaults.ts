/** When the factories' things were made: before the fake clock's now. */
export const madeAt = new Date("2026-03-02T07:00:00Z");

let count = 0;

/** Numbers that never repeat within a test file, for names that must be unique. */
export function nextNumber(): number {
  count += 1;
  return count;
}
