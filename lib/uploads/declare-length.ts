import type { Context } from "../context.ts";
import { AppError } from "../errors.ts";
import { type Lease, leaseLost } from "./lease.ts";
import { withSpace } from "./reserve-space.ts";

/** The 400 of a length that is known already and another one. */
export function lengthKnown(): AppError {
  return new AppError("length_invalid", "The length of this upload is known already.", { field: "Upload-Length" });
}

/**
 * Takes the length that was left open at creation (tus 1.0, Creation, Upload-Defer-Length). Once, and for this
 * request only until it is saved.
 *
 * @throws AppError length_invalid when it is known already or less than what arrived
 */
export function takeLength(lease: Lease, lengthBytes: number): void {
  const { upload } = lease;
  if (upload.lengthBytes !== null) throw lengthKnown();
  if (lengthBytes < upload.offsetBytes)
    throw new AppError("length_invalid", "The length is less than what arrived already.", { field: "Upload-Length" });
  upload.lengthBytes = lengthBytes;
}

/**
 * Saves a length that was taken, and reserves the space for it.
 *
 * @throws AppError locked, insufficient_storage
 */
export async function saveLength(ctx: Context, lease: Lease): Promise<void> {
  const { id, recordingId, deviceId, lengthBytes } = lease.upload;
  if (lengthBytes === null) return;
  await withSpace(ctx, lengthBytes, async (tx, claim) => {
    const { count } = await tx.upload.updateMany({
      where: { id, fence: lease.fence, state: "open", lengthBytes: null },
      data: { lengthBytes: BigInt(lengthBytes) },
    });
    if (count === 0) throw leaseLost();
    if (recordingId !== null)
      await tx.recording.update({ where: { id: recordingId }, data: { sizeBytes: BigInt(lengthBytes) } });
    await claim(deviceId, { isNew: false });
  });
}
