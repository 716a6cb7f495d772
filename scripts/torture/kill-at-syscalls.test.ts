import { describe, expect, it } from "vitest";
import { useTestDatabase } from "../../lib/testing/index.ts";
import { killAtSyscalls } from "./kill-at-syscalls.ts";
import { whyNoTraps } from "./tracer.ts";

const obstacle = await whyNoTraps();

// Each call in turn: npm run torture -- syscalls
describe("a server that is killed at a system call that writes", () => {
  const world = useTestDatabase();

  it("has promised nothing that is not there, and the file arrives once", { timeout: 600_000 }, async ({ skip }) => {
    skip(obstacle !== null, obstacle ?? "");
    const { kills, offsetsChecked } = await killAtSyscalls(world(), {
      seed: 20_261_120,
      strides: { storage: 4, words: 11 },
    });
    expect(kills.storage).toBeGreaterThan(1);
    expect(kills.words).toBeGreaterThan(1);
    expect(offsetsChecked).toBeGreaterThan(10);
  });
});
