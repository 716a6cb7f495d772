import { describe, expect, it } from "vitest";
import type { ChunkRow } from "@/lib/recordings/types";
import { chunkRuns } from "./chunk-runs";

const start = Date.parse("2026-03-14T09:00:00Z");

function chunksAt(seconds: number[], from: (index: number) => string = () => "10.0.0.1"): ChunkRow[] {
  return seconds.map((second, index) => ({
    index,
    offsetBytes: index * 400_000,
    lengthBytes: 400_000,
    sha256: "00".repeat(32),
    receivedAt: new Date(start + second * 1000),
    receivedFrom: from(index),
  }));
}

describe("chunkRuns", () => {
  it("has no runs without chunks", () => {
    expect(chunkRuns([])).toEqual([]);
  });

  it("cuts at a long pause and counts what each run brought", () => {
    const runs = chunkRuns(chunksAt([0, 1, 2, 100, 101]));
    expect(runs.map(({ firstIndex, lastIndex, bytes, pauseMs }) => [firstIndex, lastIndex, bytes, pauseMs])).toEqual([
      [0, 2, 1_200_000, null],
      [3, 4, 800_000, 98_000],
    ]);
  });

  it("does not cut on a link that is merely slow", () => {
    expect(chunkRuns(chunksAt([0, 300, 600, 950, 1250]))).toHaveLength(1);
  });

  it("cuts where the address changes", () => {
    expect(chunkRuns(chunksAt([0, 1, 2], (index) => (index < 1 ? "10.0.0.1" : "10.0.0.2")))).toHaveLength(2);
  });
});
