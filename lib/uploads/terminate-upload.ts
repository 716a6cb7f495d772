import type { Context, Transaction } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError } from "../errors.ts";
import { endParts, lockParts, removeBytes } from "./end-upload.ts";
import { getUpload } from "./get-upload.ts";
import { subjectOf, type UploadRow } from "./internal.ts";
import { type Lease, leaseLost, releaseLease, takeLease } from "./lease.ts";
import type { Writers } from "./writers.ts";

/**
 * Ends an upload that its device does not want to finish (tus 1.0, Termination). Its bytes go; its recording
 * stays as a row that says so. A complete upload is evidence and not its device's to end: 403, as the specification
 * answers what an upload is never open to (Concatenation, PATCH of a final upload), and not 409, which would say that
 * something can be mended. A part is no evidence yet and may be ended also when it is complete, until a final upload
 * names it; ending that one ends its parts.
 *
 * @throws AppError not_found, upload_gone, locked, upload_complete, state_conflict
 */
export async function terminateUpload(ctx: Context, uploadId: string, writers: Writers) {
  if ((await getUpload(ctx, uploadId)).finalUploadId !== null) throw partInUse();
  const { upload, lease } = await takeLease(ctx, uploadId, null, writers);
  if (lease === null && upload.kind !== "part")
    throw new AppError("upload_complete", "This upload is complete; its recording stays.");
  try {
    await ctx.db.$transaction(async (tx) => {
      await lockParts(tx, upload);
      await endOne(tx, upload, lease);
      await endParts(tx, upload);
      const details = { uploadId: upload.id, offsetBytes: upload.offsetBytes };
      await recordEvent(ctx, tx, { action: "upload.terminated", ...subjectOf(upload), details });
    });
  } catch (error) {
    if (lease !== null) await releaseLease(ctx.db, lease);
    throw error;
  }
  await removeBytes(ctx, upload);
}

async function endOne(tx: Transaction, upload: UploadRow, lease: Lease | null): Promise<void> {
  const { count } = await tx.upload.updateMany({
    where: {
      id: upload.id,
      finalUploadId: null,
      ...(lease === null ? { state: "complete", kind: "part" } : { state: "open", fence: lease.fence }),
    },
    data: { state: "terminated", leaseUntil: null, leaseWanted: false },
  });
  if (count === 0) throw upload.kind === "part" ? partInUse() : leaseLost();
}

function partInUse(): AppError {
  return new AppError("state_conflict", "This part belongs to a file; end the upload of that file instead.");
}
