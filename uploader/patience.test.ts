import { describe, expect, it } from "vitest";
import { readRetryAfter } from "./http/retry-after.ts";
import { Patience } from "./patience.ts";
import { Problem } from "./problems.ts";

const again = new Problem("again", "The link broke.");

describe("Patience", () => {
  it("doubles the upper bound up to the limit, and draws from all of it", () => {
    const settings = { firstDelayMs: 1000, maxDelayMs: 30_000, giveUpAfterMs: null };
    const longest = new Patience(settings, () => 1);
    expect(Array.from({ length: 7 }, () => longest.nextDelayMs(again))).toEqual([
      1000, 2000, 4000, 8000, 16000, 30000, 30000,
    ]);
    const shortest = new Patience(settings, () => 0);
    expect(shortest.nextDelayMs(again)).toBe(0);
  });

  it("begins with short delays again after progress", () => {
    const patience = new Patience({ firstDelayMs: 1000, maxDelayMs: 30_000, giveUpAfterMs: null }, () => 1);
    for (let i = 0; i < 5; i++) patience.nextDelayMs(again);
    patience.progress();
    expect(patience.nextDelayMs(again)).toBe(1000);
  });

  it("never comes back before Retry-After, and never waits more than about an hour for it", () => {
    const patience = new Patience({ firstDelayMs: 1, maxDelayMs: 1, giveUpAfterMs: null }, () => 0.5);
    expect(patience.nextDelayMs(new Problem("again", "Busy.", { retryAfterMs: 42_000 }))).toBeGreaterThanOrEqual(
      42_000,
    );
    expect(patience.nextDelayMs(new Problem("again", "Busy.", { retryAfterMs: 1e12 }))).toBeLessThan(3_700_000);
  });

  it("asks an archive ever more seldom that says the same short Retry-After again and again", () => {
    const patience = new Patience({ firstDelayMs: 1000, maxDelayMs: 300_000, giveUpAfterMs: null }, () => 0.5);
    const busy = new Problem("again", "Busy.", { retryAfterMs: 2000 });
    const delays = Array.from({ length: 9 }, () => patience.nextDelayMs(busy));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(2000);
    expect(delays.slice(4)).toEqual([8000, 16_000, 32_000, 64_000, 128_000]);
  });

  it("gives up when Retry-After lies beyond the time it was given", () => {
    const patience = new Patience({ firstDelayMs: 1, maxDelayMs: 1, giveUpAfterMs: 10_000 });
    expect(() => patience.nextDelayMs(new Problem("again", "Busy.", { retryAfterMs: 20_000 }))).toThrow(
      /No progress for 10 s/,
    );
  });

  it("reads both forms of Retry-After and ignores anything else", () => {
    expect(readRetryAfter("120")).toBe(120_000);
    expect(readRetryAfter(new Date(Date.now() + 60_000).toUTCString())).toBeGreaterThan(55_000);
    expect(readRetryAfter("Sat, 14 Mar 2026 10:01:00 GMT", "Sat, 14 Mar 2026 10:00:00 GMT")).toBe(60_000);
    expect(readRetryAfter("Thu, 01 Jan 1970 00:00:00 GMT")).toBe(0);
    expect(readRetryAfter("soon")).toBeUndefined();
    expect(readRetryAfter(undefined)).toBeUndefined();
  });
});
