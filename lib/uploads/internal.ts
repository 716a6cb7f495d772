import type { UploadKind, UploadState } from "../../generated/prisma/client.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../errors.ts";
import { recordingKey } from "../recordings/index.ts";
import type { BlobKey } from "../storage/index.ts";
import { partKey } from "./part-key.ts";

/** A device that acts. */
export type DeviceActor = Extract<Actor, { kind: "device" }>;

/**
 * First beat of every verb that devices call.
 *
 * @throws AppError unauthenticated
 */
export function requireDevice(ctx: Context): DeviceActor {
  const device = requireSomeDevice(ctx);
  if (device.rememberedToken === undefined) return device;
  throw new Error("A device acts whose token was remembered, and nobody asked whether it is still good");
}

/**
 * The same for the statements that ask for a remembered token themselves (`seen-row.ts`).
 *
 * @throws AppError unauthenticated
 */
export function requireSomeDevice(ctx: Context): DeviceActor {
  if (ctx.actor.kind === "device") return ctx.actor;
  throw new AppError("unauthenticated", "Send a device token: Authorization: Bearer srd_…");
}

/** An upload as its own device may know it. Lengths in bytes. */
export type UploadRow = {
  id: string;
  /** Null: a part. */
  recordingId: string | null;
  deviceId: string;
  kind: UploadKind;
  state: UploadState;
  offsetBytes: number;
  /** Null: deferred. */
  lengthBytes: number | null;
  chunkSizeBytes: number;
  metadataHeader: string | null;
  /** Upload-Concat of a final upload as it came. */
  concatHeader: string | null;
  /** The final upload that a part belongs to. */
  finalUploadId: string | null;
  /** Its chunks are compared with a manifest while they arrive. */
  hasManifest: boolean;
  /** Last time bytes were promised; expiration counts from here. */
  lastActivityAt: Date;
  /** Fence of the request that held its lease, or left it behind; null: nobody was writing. */
  heldFence: number | null;
};

type Subject = Pick<UploadRow, "id" | "recordingId" | "deviceId">;

/** Where an upload's bytes are in storage: its recording's blob, or a part's own. */
export function blobKeyOf({ id, recordingId }: Subject): BlobKey {
  return recordingId === null ? partKey(id) : recordingKey(recordingId);
}

/** What custody names in an event about an upload: its recording, or for a part its device. */
export function subjectOf({ recordingId, deviceId }: Subject): { recordingId: string } | { deviceId: string } {
  return recordingId === null ? { deviceId } : { recordingId };
}

/** The 410 of an upload that its device ended, or that expired. */
export function uploadGone(): AppError {
  return new AppError("upload_gone", "This upload was ended or has expired; start a new one.");
}
