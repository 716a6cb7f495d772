import { describe, expect, test } from "vitest";
import { expectCustodyEvent, factories, localSignals, useTestDatabase } from "../testing/index.ts";
import { completeUploads } from "./commit.ts";
import { GroupCommit } from "./group-commit.ts";
import { takeLease } from "./lease.ts";
import { openUpload } from "./open-upload.ts";
import { defaultTiming } from "./timing.ts";
import type { ProgressEntry } from "./write-progress.ts";
import { Writers } from "./writers.ts";

describe("last bytes of many uploads in one transaction", () => {
  const world = useTestDatabase();
  const writers = new Writers(defaultTiming, localSignals());
  const whole = { index: 0, lengthBytes: 10, sha256: "ab".repeat(32) };
  const progress = { offsetBytes: 10, chunks: [whole], tail: null };

  async function held(): Promise<ProgressEntry & { recordingId: string }> {
    const device = await factories.makeDevice(world().db);
    const ctx = world().context(device.actor);
    const uploadId = `U-${device.id.slice(2)}`;
    const { recordingId } = await openUpload(ctx, { uploadId, lengthBytes: 10, metadataHeader: null });
    const { lease } = await takeLease(ctx, uploadId, 0, writers);
    if (lease === null || recordingId === null) throw new Error("Nobody else writes.");
    return { ctx, lease, progress, releases: true, recordingId };
  }
  const stateOf = async ({ recordingId }: { recordingId: string }) =>
    (await world().db.recording.findUniqueOrThrow({ where: { id: recordingId } })).state;

  test("are each promised in their own name, and a lease that was lost spoils nobody's", async () => {
    const [one, lost, two] = [await held(), await held(), await held()];
    lost.lease.fence -= 1;
    expect(await completeUploads(one.ctx, [one, lost, two])).toEqual(new Set([one.lease, two.lease]));
    expect([await stateOf(one), await stateOf(lost), await stateOf(two)]).toEqual([
      "received",
      "receiving",
      "received",
    ]);
    for (const { ctx, recordingId } of [one, two]) {
      const actorId = ctx.actor.kind === "device" ? ctx.actor.deviceId : null;
      await expectCustodyEvent(world().db, { action: "recording.received", recordingId, actorId });
    }
    const lostEvents = { recordingId: lost.recordingId, action: "recording.received" };
    expect(await world().db.custodyEvent.count({ where: lostEvents })).toBe(0);
    const due = [one, two].map(({ recordingId }) => ({ name: "recording.seal", input: { recordingId } }));
    expect(world().jobs.added).toEqual(due);
  });

  test("of which one cannot be are promised without it, and nothing of it is", async () => {
    const [one, wrong, two] = [await held(), await held(), await held()];
    wrong.progress = { ...progress, chunks: [{ ...whole, lengthBytes: -1 }] };
    const first = await held();
    const group = new GroupCommit(completeUploads);
    // While the first is written, the others gather.
    const ends = await Promise.allSettled([first, one, wrong, two].map((entry) => group.add(entry)));
    expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
    expect(await stateOf(wrong)).toBe("receiving");
    expect(await world().db.chunk.count({ where: { recordingId: wrong.recordingId } })).toBe(0);
    expect([await stateOf(one), await stateOf(two)]).toEqual(["received", "received"]);
  });
});
