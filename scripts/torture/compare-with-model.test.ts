import { describe, expect, it } from "vitest";
import { useTestDatabase } from "../../lib/testing/index.ts";
import { compareWithModel } from "./compare-with-model.ts";

describe("tus requests in any order", () => {
  const world = useTestDatabase();

  // A thousand of them: npm run torture -- model
  it("random sequences of requests are answered as a model of tus 1.0 says", { timeout: 120_000 }, async () => {
    const { answers, sealed } = await compareWithModel(world(), { seed: 20_261_120, runs: 35 });
    // Each kind of answer came up, or the model says nothing about it.
    for (const status of [204, 400, 404, 409, 410, 413, 415, 460])
      expect(answers[`PATCH ${status}`] ?? 0, `PATCH ${status}`).toBeGreaterThan(0);
    for (const key of ["POST 201", "POST 413", "POST 460", "HEAD 200", "DELETE 204"])
      expect(answers[key] ?? 0, key).toBeGreaterThan(0);
    expect(sealed).toBeGreaterThan(5);
  });
});
