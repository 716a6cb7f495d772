import { expect, it } from "vitest";
import { rescanPauseMs } from "./rescan-pause.ts";

it("reads folders again after three to five quarters of the time that is set, evenly", () => {
  expect([0, 0.5, 1].map((drawn) => rescanPauseMs(30_000, () => drawn))).toEqual([22_500, 30_000, 37_500]);
  const drawn = new Set(Array.from({ length: 100 }, () => rescanPauseMs(30_000)));
  expect(drawn.size).toBeGreaterThan(90);
});
