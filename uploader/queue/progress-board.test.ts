import { expect, it } from "vitest";
import { ProgressBoard } from "./progress-board.ts";

it("remembers how far a file is while it is in work, and nothing of one that was given up in the middle", () => {
  const board = new ProgressBoard();
  for (const file of ["a", "b"])
    board.note({ event: "upload", file, url: "", recording: null, offsetBytes: 5, sizeBytes: 10 });
  board.keepOnly(new Set(["a"]));
  expect([board.of("a"), board.of("b")]).toMatchObject([{ acknowledgedBytes: 5 }, { acknowledgedBytes: 0 }]);
});
