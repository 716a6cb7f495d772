import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useTestDatabase } from "../../lib/testing/index.ts";
import type { ApiServer } from "../../server/testing/start-api-server.ts";
import { startFieldServer } from "../testing/field.ts";
import { restartFleet } from "../testing/fleet.ts";

describe("A fleet", () => {
  const world = useTestDatabase();
  let server: ApiServer;
  beforeAll(async () => {
    server = await startFieldServer(world());
  });
  afterAll(() => server.stop());

  // A thousand: npm run bench uploader -- --only fleet
  it("a fleet of 50 that gets its power back at once is spread, and all of it is sealed", {
    timeout: 120_000,
  }, async () => {
    const figures = await restartFleet(world(), server.url, { devices: 50, seed: 5, timeScale: 0.15, sizeBytes: 2000 });
    expect(figures.sealed).toBe(50);
    expect(figures.requests).toBeGreaterThan(250);
    // A receipt is made a moment after the seal; nothing else was asked for twice.
    expect(Object.keys(figures.retries).filter((why) => why !== "unavailable")).toEqual([]);
    // Over the mean of the minute of their start. Unspread it is six; the bench holds the two, where nothing else runs.
    expect(figures.busiestPerSecond / (figures.requests / 60)).toBeLessThan(3);
    expect(await world().db.recording.count({ where: { state: "sealed" } })).toBe(50);
  });
});
