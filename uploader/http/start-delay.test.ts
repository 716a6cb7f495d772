import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { seededRandom } from "../../e2e/support/proxy.ts";
import { isFreshStart, startDelayMs } from "./start-delay.ts";

it("spreads a thousand devices that power up together over a minute, evenly", () => {
  const random = seededRandom(7);
  const delays = Array.from({ length: 1000 }, () => startDelayMs(true, random));
  const perTenSeconds = Array.from(
    { length: 6 },
    (_, i) => delays.filter((ms) => ms >= i * 10_000 && ms < (i + 1) * 10_000).length,
  );
  expect(Math.max(...perTenSeconds)).toBeLessThan((2 * 1000) / 6);
  expect(Math.max(...delays)).toBeLessThan(60_000);
});

it("lets a daemon that was only restarted go on within a second", async () => {
  const folder = await mkdtemp(join(tmpdir(), "start-"));
  try {
    const isFresh = [
      await isFreshStart(folder, "1.0.0", 10_000),
      await isFreshStart(folder, "1.0.0", 10_000),
      await isFreshStart(folder, "1.0.0", 299),
      await isFreshStart(folder, "1.0.1", 10_000),
      await isFreshStart(folder, "1.0.1", 10_000),
    ];
    expect(isFresh).toEqual([false, false, true, true, false]);
    expect(startDelayMs(false, () => 1)).toBeLessThanOrEqual(1000);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
