import { expect, test } from "vitest";
import { fileNameProblem, hasUnprintable, safeFileName } from "./index.ts";

test("half a character is refused, and a whole one of two units is not", () => {
  expect(hasUnprintable("clip \ud83d.mp4")).toBe(true);
  expect(hasUnprintable("clip \ude00\ud83d.mp4")).toBe(true);
  expect(fileNameProblem("\udc00.mp4")).toContain("control");
  expect(fileNameProblem("clip 😀.mp4")).toBeNull();
});

test("a name that is cut keeps whole characters and its ending", () => {
  for (const start of ["", "x"]) {
    const name = safeFileName(`${start}${"😀".repeat(300)}.pdf`);
    expect(name.length).toBeLessThanOrEqual(255);
    expect(name.isWellFormed()).toBe(true);
    expect(name.endsWith(".pdf")).toBe(true);
  }
});
