import type { Context } from "../context.ts";
import { AppError } from "../errors.ts";
import { type Lease, leaseLost } from "./lease.ts";

/** The 400 of a length that is known already and another one. */
export function lengthKnown(): AppError {
  return new AppError("length_invalid", "The length of this upload is known already.", { field: "Upload-Length" });
}

/**
 * Sets the length that was left open at creation (tus 1.0, Creation, Upload-Defer-Length). Once.
 *
 * @throws AppError length_invalid when it is known already or less than what arrived
 */
export async function declareLength(ctx: Context, lease: Lease, lengthBytes: number): Promise<void> {
  const { id, recordingId, offsetBytes } = lease.upload;
  if (lease.upload.lengthBytes !== null) throw lengthKnown();
  if (lengthBytes < offsetBytes)
    throw new AppError("length_invalid", "The length is less than what arrived already.", { field: "Upload-Length" });
  await ctx.db.$transaction(async (tx) => {
    const { count } = await tx.upload.updateMany({
      where: { id, fence: lease.fence, state: "open", lengthBytes: null },
      data: { lengthBytes: BigInt(lengthBytes) },
    });
    if (count === 0) throw leaseLost();
    await tx.recording.update({ where: { id: recordingId }, data: { sizeBytes: BigInt(lengthBytes) } });
  });
  lease.upload.lengthBytes = lengthBytes;
}
