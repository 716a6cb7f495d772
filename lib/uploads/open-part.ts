import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError } from "../errors.ts";
import { decodeMetadataHeader, defaultChunkSizeBytes, MetadataError } from "../protocol/index.ts";
import { markPartReceived } from "./commit.ts";
import { requireDevice, type UploadRow } from "./internal.ts";
import type { OpenUploadInput } from "./open-upload.ts";
import { partKey } from "./part-key.ts";
import { withSpace } from "./reserve-space.ts";
import { storageError } from "./storage-error.ts";

/**
 * Opens a part of a file: an upload without a recording, whose bytes are put into a file when a final upload names
 * it. "the partial uploads' metadata SHALL NOT be transferred to the new final upload" (tus 1.0, Concatenation), so
 * what it says of itself is only given back.
 *
 * @throws AppError unauthenticated, metadata_invalid, insufficient_storage, too_many_requests
 */
export async function openPart(ctx: Context, input: OpenUploadInput): Promise<UploadRow> {
  const { deviceId } = requireDevice(ctx);
  const { uploadId: id, lengthBytes, metadataHeader } = input;
  checkMetadata(metadataHeader ?? "");
  const now = ctx.clock.now();
  const part = { id, deviceId, kind: "part", chunkSizeBytes: defaultChunkSizeBytes, metadataHeader } as const;
  // Bytes before rows, as for a whole file.
  await ctx.storage.create(partKey(id)).catch((error: unknown) => {
    throw storageError(error);
  });
  try {
    await withSpace(ctx, lengthBytes, async (tx, claim) => {
      const length = lengthBytes === null ? null : BigInt(lengthBytes);
      await tx.upload.create({ data: { ...part, lengthBytes: length, createdAt: now, lastActivityAt: now } });
      const details = { uploadId: id, kind: "part", lengthBytes };
      await recordEvent(ctx, tx, { action: "upload.started", deviceId, details });
      if (lengthBytes === 0) await markPartReceived(ctx, tx, { id, deviceId, sizeBytes: 0 });
      await claim(deviceId, { isNew: true });
    });
  } catch (error) {
    if ((await ctx.db.upload.count({ where: { id } }).catch(() => 1)) === 0) await ctx.storage.remove(partKey(id));
    throw error;
  }
  const place = { recordingId: null, concatHeader: null, finalUploadId: null, hasManifest: false, heldFence: null };
  const state = lengthBytes === 0 ? "complete" : "open";
  return { ...part, ...place, state, lengthBytes, offsetBytes: 0, lastActivityAt: now };
}

function checkMetadata(header: string): void {
  try {
    decodeMetadataHeader(header);
  } catch (error) {
    if (!(error instanceof MetadataError)) throw error;
    throw new AppError("metadata_invalid", error.message, { field: error.key });
  }
}
