import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import type { Context } from "../context.ts";
import { newId } from "../ids.ts";
import { expectCustodyEvent, factories, localSignals, useTestDatabase } from "../testing/index.ts";
import { appendBytes } from "./append-bytes.ts";
import { releaseLease, takeLease } from "./lease.ts";
import { openUpload } from "./open-upload.ts";
import { defaultTiming } from "./timing.ts";
import { Writers } from "./writers.ts";

const sha256 = "ab".repeat(32);

describe("a lease", () => {
  const world = useTestDatabase();
  const writers = new Writers(defaultTiming, localSignals());
  async function opened() {
    const device = await factories.makeDevice(world().db);
    const ctx = world().context(device.actor);
    const uploadId = newId("upload");
    const { recordingId } = await openUpload(ctx, { uploadId, lengthBytes: 1_000_000_000, metadataHeader: null });
    return { ctx, uploadId, recordingId: recordingId ?? "" };
  }
  const take = async (ctx: Context, uploadId: string) => {
    const { lease } = await takeLease(ctx, uploadId, null, writers);
    if (lease === null) throw new Error("Nobody else writes.");
    return lease;
  };
  /** As if five seconds had passed in which its holder did nothing. */
  const lapse = (uploadId: string) =>
    world().db.$executeRaw`UPDATE upload SET lease_until = now() - interval '1 second' WHERE id = ${uploadId}`;

  test("that was lost commits nothing, also in one statement with the lease that followed it", async () => {
    const [{ ctx, uploadId, recordingId }, other] = [await opened(), await opened()];
    const stale = await take(ctx, uploadId);
    await lapse(uploadId);
    const fresh = await take(ctx, uploadId);
    const first = await take(other.ctx, other.uploadId);
    const chunkSizeBytes = fresh.upload.chunkSizeBytes;
    const whole = (index: number) => ({ index, lengthBytes: chunkSizeBytes, sha256 });
    const far = { offsetBytes: 2 * chunkSizeBytes, chunks: [whole(0), whole(1)], tail: null };
    const near = { offsetBytes: 10, chunks: [], tail: { index: 2, lengthBytes: 10 } };
    const { commits } = writers;
    // While the first is written, the two others gather.
    const results = await Promise.allSettled([
      commits.add({ ctx: other.ctx, lease: first, progress: { ...near, tail: null }, releases: false }),
      commits.add({ ctx, lease: stale, progress: far, releases: false }),
      commits.add({ ctx, lease: fresh, progress: near, releases: false }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(results[1]).toMatchObject({ reason: { code: "locked" } });
    expect(await ctx.db.upload.findUnique({ where: { id: uploadId } })).toMatchObject({ offsetBytes: 10n });
    expect(await ctx.db.chunk.findMany({ where: { recordingId }, select: { index: true } })).toEqual([{ index: 2 }]);
  });

  test("that a killed server left behind is told in custody by who writes next, however many only look before", async () => {
    const { ctx, uploadId, recordingId } = await opened();
    await take(ctx, uploadId);
    await lapse(uploadId);
    for (let looks = 0; looks < 2; looks++) await releaseLease(ctx.db, await take(ctx, uploadId));
    const body = Readable.from([randomBytes(100)]);
    await appendBytes(ctx, await take(ctx, uploadId), body, { writers, maxBytes: 100 });
    const { details } = await expectCustodyEvent(ctx.db, { action: "upload.resumed", recordingId });
    expect(details).toMatchObject({ after: "server_lost", offsetBytes: 0 });
    expect(await ctx.db.upload.findUnique({ where: { id: uploadId } })).toMatchObject({ leaseUntil: null });
    const again = await take(ctx, uploadId);
    expect(again.wasLeftBehind).toBe(false);
  });
});
