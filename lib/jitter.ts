import { randomInt } from "node:crypto";

/**
 * Seconds for `Retry-After`, from `min` to `max`, so that those who were refused together do not come back together.
 */
export function jitteredSeconds(min: number, max: number): number {
  return randomInt(min, max + 1);
}
