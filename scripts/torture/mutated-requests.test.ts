import { describe, expect, it } from "vitest";
import { useTestDatabase } from "../../lib/testing/index.ts";
import { mutateRequests } from "./mutated-requests.ts";

describe("mutated requests", () => {
  const world = useTestDatabase();

  // All 10,000: npm run torture -- requests
  it("1,500 mutated requests get no 5xx, crash nothing and put no byte in the wrong place", {
    timeout: 600_000,
  }, async () => {
    const { requests, answers, bytesKept } = await mutateRequests(world(), { seed: 20_261_120, count: 1_500 });
    expect(requests).toBe(1_500);
    // Some still mean something, or nothing would be put to the test.
    expect(answers[204] ?? 0).toBeGreaterThan(50);
    expect(answers[400] ?? 0).toBeGreaterThan(50);
    expect(bytesKept).toBeGreaterThan(1_000);
  });
});
