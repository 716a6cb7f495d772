import { expect, test } from "vitest";
import { TokenBuckets } from "./token-buckets.ts";

test("a bucket gives its burst at once, then so many a second, and says how long to wait", () => {
  const buckets = new TokenBuckets(2, 4);
  for (let at = 0; at < 4; at++) expect(buckets.take("a", 1_000)).toBe(0);
  expect(buckets.take("a", 1_000)).toBe(0.5);
  buckets.give("a", 1_000);
  expect(buckets.take("a", 1_000)).toBe(0);
  expect(buckets.take("a", 1_250)).toBe(0.25);
  expect(buckets.take("b", 1_000)).toBe(0);
  expect(buckets.take("a", 1_500)).toBe(0);
  expect(buckets.take("a", 1_500)).toBe(0.5);
  // It never holds more than its burst.
  for (let at = 0; at < 4; at++) expect(buckets.take("a", 999_000)).toBe(0);
  expect(buckets.take("a", 999_000)).toBeGreaterThan(0);
});
