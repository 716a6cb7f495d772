import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { newId } from "../ids.ts";
import type { UploadRow } from "./internal.ts";
import { type Lease, leaseLost } from "./lease.ts";

/**
 * Puts a new upload in the place of one whose acknowledged end is not what the manifest says, with the chunks before
 * it, and none of them sent again. The old address answers 410 for ever: no offset goes down (docs/decisions).
 *
 * @param offsetBytes the last chunk boundary before which all is right
 */
export async function replaceUpload(ctx: Context, lease: Lease, offsetBytes: number): Promise<UploadRow> {
  const { id: oldId } = lease.upload;
  const id = newId("upload");
  const now = ctx.clock.now();
  await ctx.db.$transaction(async (tx) => {
    // The fence in the WHERE: whoever took the upload over meanwhile decides about its bytes.
    const [old] = await tx.upload.findMany({ where: { id: oldId, fence: lease.fence, state: "open" } });
    const { count } = await tx.upload.deleteMany({ where: { id: oldId, fence: lease.fence, state: "open" } });
    if (old === undefined || old.recordingId === null || count === 0) throw leaseLost();
    const { recordingId, deviceId, interruptions } = old;
    await tx.replacedUpload.create({
      data: { id: oldId, recordingId, deviceId, offsetBytes: old.offsetBytes, replacedAt: now },
    });
    // What is half there would only grow on; whole chunks stay as they are.
    await tx.chunk.deleteMany({ where: { recordingId, sha256: null } });
    await tx.upload.create({
      data: {
        ...old,
        id,
        offsetBytes: BigInt(offsetBytes),
        interruptions: interruptions + 1,
        lastActivityAt: now,
        leaseUntil: null,
        leaseWanted: false,
      },
    });
    const details = {
      uploadId: oldId,
      replacedBy: id,
      offsetBytes,
      droppedBytes: Number(old.offsetBytes) - offsetBytes,
    };
    await recordEvent(ctx, tx, { action: "upload.replaced", recordingId, details });
  });
  lease.isReleased = true;
  return { ...lease.upload, id, offsetBytes, lastActivityAt: now, heldFence: null };
}
