import { Prisma } from "../../generated/prisma/client.ts";
import type { Context, Transaction } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError } from "../errors.ts";
import { type CaptureMetadata, decodeMetadataHeader, MetadataError, readCaptureMetadata } from "../protocol/index.ts";
import { markReceived } from "./commit.ts";
import { type DeviceActor, requireDevice, type UploadRow } from "./internal.ts";
import { openOnce } from "./open-once.ts";
import { findSameContent } from "./same-content.ts";

/** What a device announces. */
export type OpenUploadInput = {
  /** The new upload's id. */
  uploadId: string;
  /** Length of the whole file in bytes; null: told later. */
  lengthBytes: number | null;
  /** The Upload-Metadata header as it came; null: none. */
  metadataHeader: string | null;
  /** More will be said before it is complete, also when it is empty. */
  isOpenEnded?: boolean;
};

/** What makes an upload a final one: the header that names its parts, and what makes them its own. */
type FinalUpload = { header: string; claim(tx: Transaction): Promise<void> };

/**
 * Announces a recording and opens the upload that brings it. An empty file is complete at once. A file whose SHA-256
 * is declared, and which the device has sent already or begun to, is the same recording: its upload is answered.
 *
 * @param final not null: its bytes are put together from parts
 * @throws AppError unauthenticated, metadata_invalid with the key as field, insufficient_storage,
 *   too_many_requests
 */
export async function openUpload(
  ctx: Context,
  input: OpenUploadInput,
  final: FinalUpload | null = null,
): Promise<UploadRow> {
  const device = requireDevice(ctx);
  const capture = readMetadata(input.metadataHeader);
  const { deviceId } = device;
  const { lengthBytes } = input;
  // What parts become is compared when it is sealed: they were sent, and one final upload has them.
  const content = capture.sha256 === null || final !== null ? null : { sha256: capture.sha256, sizeBytes: lengthBytes };
  return openOnce(
    ctx,
    { deviceId, lengthBytes, isAlone: content === null },
    {
      find: async (db) => (content === null ? null : findSameContent(db, deviceId, content)),
      known: async (_, { upload }) => upload,
      open: async (tx, recordingId) => insertRecording(ctx, tx, device, { ...input, recordingId, capture, final }),
    },
  );
}

/** Where a recording was captured: the device's home site, or for one that moves the site it names as its place. */
async function findSite(tx: Transaction, deviceId: string, place: string | null) {
  // Prisma's "insensitive" reads % and _ as a pattern: a place could name a site that it does not name.
  const [site] = await tx.$queryRaw<{ id: string; name: string }[]>`
    SELECT s.id, s.name FROM device d
      JOIN site s ON s.id = d.site_id OR (d.site_id IS NULL AND lower(s.name) = lower(${place}))
     WHERE d.id = ${deviceId} ORDER BY s.id LIMIT 1`;
  return site ?? null;
}

function readMetadata(header: string | null): CaptureMetadata {
  try {
    return readCaptureMetadata(decodeMetadataHeader(header ?? ""));
  } catch (error) {
    if (!(error instanceof MetadataError)) throw error;
    throw new AppError("metadata_invalid", error.message, { field: error.key });
  }
}

type Announcement = OpenUploadInput & {
  recordingId: string;
  capture: CaptureMetadata;
  /** Null or missing: its bytes come in order. */
  final?: FinalUpload | null;
  /** SHA-256 of the manifest that announces it; null or missing: none does. */
  manifestSha256?: Uint8Array<ArrayBuffer> | null;
  /** Runs once the recording is there, before its upload. */
  onRecording?: (tx: Transaction) => Promise<void>;
};

/** Writes the rows of a new recording and its upload, in the transaction of the verb that announces it. */
export async function insertRecording(ctx: Context, tx: Transaction, device: DeviceActor, input: Announcement) {
  const { uploadId, recordingId, lengthBytes, metadataHeader, capture, manifestSha256 = null, final = null } = input;
  const { chunkSizeBytes } = capture;
  const now = ctx.clock.now();
  const length = lengthBytes === null ? null : BigInt(lengthBytes);
  const isComplete = lengthBytes === 0 && input.isOpenEnded !== true;
  const kind = final === null ? "whole" : "final";
  const concatHeader = final?.header ?? null;
  const site = await findSite(tx, device.deviceId, capture.place);
  await tx.recording.create({
    data: {
      id: recordingId,
      deviceId: device.deviceId,
      siteId: site?.id ?? null,
      fileName: capture.fileName,
      mediaType: capture.mediaType,
      sizeBytes: length,
      declaredSha256: capture.sha256 === null ? null : Buffer.from(capture.sha256, "hex"),
      digestOriginator: capture.sha256 === null ? "archive" : "device",
      capturedFrom: capture.capturedFrom,
      capturedUntil: capture.capturedUntil,
      startAt: capture.capturedFrom ?? now,
      endAt: capture.capturedUntil ?? capture.capturedFrom ?? now,
      source: capture.source,
      alias: capture.alias,
      place: capture.place,
      metadata: capture.free ?? Prisma.DbNull,
      createdAt: now,
      searchText: searchText([recordingId, capture, device.name, site?.name]),
    },
  });
  await input.onRecording?.(tx);
  await tx.upload.create({
    data: {
      id: uploadId,
      recordingId,
      deviceId: device.deviceId,
      lengthBytes: length,
      chunkSizeBytes,
      metadataHeader,
      manifestSha256,
      kind,
      concatHeader,
      createdAt: now,
      lastActivityAt: now,
    },
  });
  await final?.claim(tx);
  const details = { uploadId, lengthBytes, declaredSha256: capture.sha256, kind };
  await recordEvent(ctx, tx, { action: "upload.started", recordingId, deviceId: device.deviceId, details });
  if (isComplete) await markReceived(tx, [{ ctx, id: uploadId, recordingId, sizeBytes: 0 }]);
  const state = isComplete ? "complete" : "open";
  const told = { id: uploadId, recordingId, deviceId: device.deviceId, lengthBytes, chunkSizeBytes, metadataHeader };
  const hasManifest = manifestSha256 !== null;
  const fresh = { state, offsetBytes: 0, lastActivityAt: now, heldFence: null, finalUploadId: null } as const;
  return { ...told, ...fresh, kind, concatHeader, hasManifest } satisfies UploadRow;
}

function searchText([recordingId, capture, deviceName, siteName]: [
  string,
  CaptureMetadata,
  string,
  string | undefined,
]) {
  const words = [recordingId, capture.fileName, capture.source, capture.alias, capture.place, deviceName, siteName];
  return words
    .filter((word) => typeof word === "string")
    .join(" ")
    .toLowerCase();
}
