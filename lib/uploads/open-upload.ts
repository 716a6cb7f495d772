import { Prisma } from "../../generated/prisma/client.ts";
import type { Context, Transaction } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError } from "../errors.ts";
import { newId } from "../ids.ts";
import { type CaptureMetadata, decodeMetadataHeader, MetadataError, readCaptureMetadata } from "../protocol/index.ts";
import { recordingKey } from "../recordings/index.ts";
import { markReceived } from "./commit.ts";
import { type DeviceActor, requireDevice, type UploadRow } from "./internal.ts";
import { storageError } from "./storage-error.ts";

/** What a device announces. */
export type OpenUploadInput = {
  /** The new upload's id. */
  uploadId: string;
  /** Length of the whole file in bytes; null: told later. */
  lengthBytes: number | null;
  /** The Upload-Metadata header as it came; null: none. */
  metadataHeader: string | null;
};

/** What makes an upload a final one: the header that names its parts, and what makes them its own. */
type FinalUpload = { header: string; claim(tx: Transaction): Promise<void> };

/**
 * Announces a recording and opens the upload that brings it. An empty file is complete at once.
 *
 * @param final not null: its bytes are put together from parts
 * @throws AppError unauthenticated, metadata_invalid with the key as field, too_large, insufficient_storage
 */
export async function openUpload(
  ctx: Context,
  input: OpenUploadInput,
  final: FinalUpload | null = null,
): Promise<UploadRow> {
  const device = requireDevice(ctx);
  const capture = readMetadata(input.metadataHeader);
  await refuseTooLarge(ctx, input.lengthBytes);
  const recordingId = newId("recording");
  const key = recordingKey(recordingId);
  // Bytes before rows: a kill in between leaves an empty blob that nothing names.
  await ctx.storage.create(key).catch((error: unknown) => {
    throw storageError(error);
  });
  try {
    return await insertRows(ctx, device, { ...input, recordingId, capture, final });
  } catch (error) {
    // The commit may have happened although its answer was lost; only a row that is known to be missing frees the blob.
    if ((await ctx.db.recording.count({ where: { id: recordingId } }).catch(() => 1)) === 0)
      await ctx.storage.remove(key);
    throw error;
  }
}

/** Where a recording was captured: the device's home site, or for one that moves the site it names as its place. */
async function findSite(tx: Transaction, deviceId: string, place: string | null) {
  const { site } = await tx.device.findUniqueOrThrow({ where: { id: deviceId }, include: { site: true } });
  if (site !== null || place === null) return site;
  return tx.site.findFirst({ where: { name: { equals: place, mode: "insensitive" } } });
}

function readMetadata(header: string | null): CaptureMetadata {
  try {
    return readCaptureMetadata(decodeMetadataHeader(header ?? ""));
  } catch (error) {
    if (!(error instanceof MetadataError)) throw error;
    throw new AppError("metadata_invalid", error.message, { field: error.key });
  }
}

/**
 * A file that is longer than the room there is will never be whole.
 *
 * @throws AppError too_large
 */
export async function refuseTooLarge(ctx: Context, lengthBytes: number | null): Promise<void> {
  const freeBytes = await ctx.storage.freeBytes();
  if (lengthBytes === null || freeBytes === null || lengthBytes <= freeBytes) return;
  throw new AppError("too_large", `The file has ${lengthBytes} bytes and the archive can take ${freeBytes} more.`, {
    field: "Upload-Length",
  });
}

type Announcement = OpenUploadInput & {
  recordingId: string;
  capture: CaptureMetadata;
  final: FinalUpload | null;
};

async function insertRows(ctx: Context, device: DeviceActor, input: Announcement): Promise<UploadRow> {
  const { uploadId, recordingId, lengthBytes, metadataHeader, capture, final } = input;
  const { chunkSizeBytes } = capture;
  const now = ctx.clock.now();
  const length = lengthBytes === null ? null : BigInt(lengthBytes);
  const kind = final === null ? "whole" : "final";
  const concatHeader = final?.header ?? null;
  await ctx.db.$transaction(async (tx) => {
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
    await tx.upload.create({
      data: {
        id: uploadId,
        recordingId,
        deviceId: device.deviceId,
        lengthBytes: length,
        chunkSizeBytes,
        metadataHeader,
        kind,
        concatHeader,
        createdAt: now,
        lastActivityAt: now,
      },
    });
    await final?.claim(tx);
    const details = { uploadId, lengthBytes, declaredSha256: capture.sha256, kind };
    await recordEvent(ctx, tx, { action: "upload.started", recordingId, deviceId: device.deviceId, details });
    if (lengthBytes === 0) await markReceived(ctx, tx, { id: uploadId, recordingId, sizeBytes: 0 });
  });
  const state = lengthBytes === 0 ? "complete" : "open";
  const told = { id: uploadId, recordingId, deviceId: device.deviceId, lengthBytes, chunkSizeBytes, metadataHeader };
  return {
    ...told,
    kind,
    concatHeader,
    finalUploadId: null,
    state,
    offsetBytes: 0,
    lastActivityAt: now,
    heldFence: null,
  };
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
