import { describe, expect, it } from "vitest";
import { factories, useTestDatabase } from "../testing/index.ts";
import { listChunkRuns } from "./index.ts";

const start = Date.parse("2026-03-14T09:00:00Z");

describe("listChunkRuns", () => {
  const world = useTestDatabase();

  async function runsOf(seconds: number[], from: (index: number) => string = () => "10.0.0.1") {
    const { db, context } = world();
    const recording = await factories.makeRecording(db, { state: "receiving", chunkSizeBytes: 400_000 });
    await db.chunk.createMany({
      data: seconds.map((second, index) => ({
        recordingId: recording.id,
        index,
        offsetBytes: index * 400_000,
        lengthBytes: 400_000,
        sha256: new Uint8Array(32),
        receivedAt: new Date(start + second * 1000),
        receivedFrom: from(index),
      })),
    });
    const officer = await factories.makeOfficer(db);
    return listChunkRuns(context(officer), recording.id);
  }

  it("has no runs before a chunk arrived", async () => {
    expect(await runsOf([])).toEqual([]);
  });

  it("cuts at a long pause and counts what each run brought", async () => {
    const at = (second: number) => new Date(start + second * 1000);
    const common = { receivedFrom: "10.0.0.1", isGrowing: false };
    expect(await runsOf([0, 1, 2, 100, 101])).toEqual([
      { ...common, firstIndex: 0, lastIndex: 2, bytes: 1_200_000, startedAt: at(0), endedAt: at(2), pauseMs: null },
      { ...common, firstIndex: 3, lastIndex: 4, bytes: 800_000, startedAt: at(100), endedAt: at(101), pauseMs: 98_000 },
    ]);
  });

  it("does not cut on a link that is merely slow", async () => {
    expect(await runsOf([0, 300, 600, 950, 1250])).toHaveLength(1);
  });

  it("cuts where the address changes", async () => {
    expect(await runsOf([0, 1, 2], (index) => (index < 1 ? "10.0.0.1" : "10.0.0.2"))).toHaveLength(2);
  });

  it("is not there for a requester without a release", async () => {
    const { db, context } = world();
    const recording = await factories.makeRecording(db);
    const requester = await factories.makeRequester(db);
    await expect(listChunkRuns(context(requester), recording.id)).rejects.toMatchObject({ code: "not_found" });
  });
});
