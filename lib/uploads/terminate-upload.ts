import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError } from "../errors.ts";
import { blobKeyOf, subjectOf } from "./internal.ts";
import { takeLease } from "./lease.ts";
import type { Writers } from "./writers.ts";

/**
 * Ends an upload that its device does not want to finish (tus 1.0, Termination). Its bytes go; its recording
 * stays as a row that says so. A complete upload is evidence and not its device's to end: 403, as the specification
 * answers what an upload is never open to (Concatenation, PATCH of a final upload), and not 409, which would say that
 * something can be mended.
 *
 * @throws AppError not_found, upload_gone, locked, upload_complete
 */
export async function terminateUpload(ctx: Context, uploadId: string, writers: Writers) {
  const { upload, lease } = await takeLease(ctx, uploadId, null, writers);
  if (lease === null) throw new AppError("upload_complete", "This upload is complete; its recording stays.");
  await ctx.db.$transaction(async (tx) => {
    await tx.upload.update({
      where: { id: upload.id, state: "open", fence: lease.fence },
      data: { state: "terminated", leaseUntil: null, leaseWanted: false },
    });
    const details = { uploadId: upload.id, offsetBytes: upload.offsetBytes };
    await recordEvent(ctx, tx, { action: "upload.terminated", ...subjectOf(upload), details });
  });
  // After the commit: a kill in between leaves bytes that nothing names, never a row without its bytes.
  await ctx.storage.remove(blobKeyOf(upload));
}
