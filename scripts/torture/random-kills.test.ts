import { expect, it } from "vitest";
import { killAtRandom } from "./random-kills.ts";

// Ten minutes of it: npm run torture
it("kills of servers, database and uploaders lose nothing that was acknowledged", { timeout: 600_000 }, async () => {
  const { kills, violations, archive, files, offsetsHeard } = await killAtRandom({
    seed: 20_261_120,
    killMs: 6_000,
    devices: 2,
  });
  expect(violations).toEqual([]);
  expect(archive.sealed).toBe(files);
  expect(files).toBeGreaterThan(3);
  expect(offsetsHeard).toBeGreaterThan(5);
  expect(kills.server + kills.stop + kills.freeze + kills.database + kills.uploader).toBeGreaterThan(1);
});
