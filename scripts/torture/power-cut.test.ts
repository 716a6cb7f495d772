import { describe, expect, it } from "vitest";
import { useTestDatabase } from "../../lib/testing/index.ts";
import { cutPower } from "./power-cut.ts";

describe("power that is cut", () => {
  const world = useTestDatabase();

  it("takes no acknowledged byte, wherever it is cut", { timeout: 120_000 }, async () => {
    const figures = await cutPower(world(), { seed: 20_261_120, runs: 25 });
    expect(figures.cutsInside).toBeGreaterThan(20);
    expect(figures.promisesChecked).toBeGreaterThan(40);
  });

  it("is noticed by this test when a disk only says that it has synced", { timeout: 60_000 }, async () => {
    await expect(cutPower(world(), { seed: 1, runs: 10, liesAboutSync: true })).rejects.toThrow("Property failed");
  });
});
