import type { Actor, Context } from "../context.ts";
import { AppError, notFound } from "../errors.ts";
import { requireId } from "../input.ts";

/** A device that acts. */
export type DeviceActor = Extract<Actor, { kind: "device" }>;

/**
 * First beat of every verb that devices call.
 *
 * @throws AppError unauthenticated
 */
export function requireDevice(ctx: Context): DeviceActor {
  if (ctx.actor.kind === "device") return ctx.actor;
  throw new AppError("unauthenticated", "Send a device token: Authorization: Bearer srd_…");
}

/** An upload as its own device may know it. Lengths in bytes. */
export type UploadRow = {
  id: string;
  recordingId: string;
  state: "open" | "complete" | "terminated";
  offsetBytes: number;
  /** Null: deferred. */
  lengthBytes: number | null;
  chunkSizeBytes: number;
  metadataHeader: string | null;
  /** Last time bytes were promised; expiration counts from here. */
  lastActivityAt: Date;
};

/**
 * One of the calling device's uploads, read without any lock.
 *
 * @throws AppError not_found for an unknown one and for another device's
 */
export async function getUpload(ctx: Context, uploadId: string): Promise<UploadRow> {
  const { deviceId } = requireDevice(ctx);
  const row = await ctx.db.upload.findFirst({ where: { id: requireId("upload", uploadId), deviceId } });
  if (row === null) throw notFound("upload");
  return {
    id: row.id,
    recordingId: row.recordingId,
    state: row.state,
    offsetBytes: Number(row.offsetBytes),
    lengthBytes: row.lengthBytes === null ? null : Number(row.lengthBytes),
    chunkSizeBytes: row.chunkSizeBytes,
    metadataHeader: row.metadataHeader,
    lastActivityAt: row.lastActivityAt,
  };
}

/** The 410 of an upload that its device ended, or that expired. */
export function uploadGone(): AppError {
  return new AppError("upload_gone", "This upload was ended or has expired; start a new one.");
}
