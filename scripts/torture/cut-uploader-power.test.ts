import { describe, expect, it } from "vitest";
import { useTestDatabase } from "../../lib/testing/index.ts";
import { cutUploaderPower } from "./cut-uploader-power.ts";
import { whyNoPowerCuts } from "./mortal-disk.ts";

const obstacle = whyNoPowerCuts();

// A hundred: npm run torture -- uploader-power
describe("a device that loses its power on a real file system", () => {
  const world = useTestDatabase();

  it("loses nothing, and forks no chain", { timeout: 240_000 }, async ({ skip }) => {
    skip(obstacle !== null, obstacle ?? "");
    const { figures, violations } = await cutUploaderPower(world(), {
      seed: 20_261_120,
      cuts: 3,
      say: () => undefined,
    });
    expect(violations).toEqual([]);
    expect(figures.files).toBe(3);
  });
});
