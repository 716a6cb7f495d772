import { createHash } from "node:crypto";
import type { Context, Transaction } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { holdDevice } from "../devices/index.ts";
import { AppError, notFound } from "../errors.ts";
import { requireId } from "../input.ts";
import { jitteredSeconds } from "../jitter.ts";
import { maxSidecarBytes, type SidecarView, sidecarEndings, sidecarMediaType } from "../protocol/index.ts";
import { sidecarKey } from "../recordings/index.ts";
import { requireDevice } from "./internal.ts";
import { withSpace } from "./reserve-space.ts";
import { storageError } from "./storage-error.ts";

/** Sidecars that one recording may have; a manifest names no more. */
const perRecording = 64;

/**
 * Keeps a small file beside a recording of the device, when a manifest of that recording names it with its digest. The
 * same again answers the same. Write order: bytes, durable; then the row.
 *
 * @throws AppError unauthenticated, token_invalid, not_found, unsupported_media_type, too_large, conflict when no manifest names it,
 *   checksum_mismatch when one names other bytes, insufficient_storage
 */
export async function putSidecar(
  ctx: Context,
  input: { recordingId: string; name: string; content: Uint8Array },
): Promise<SidecarView & { isNew: boolean }> {
  const device = requireDevice(ctx);
  const { deviceId } = device;
  const recordingId = requireId("recording", input.recordingId);
  const { name, content } = input;
  if ((await ctx.db.recording.count({ where: { id: recordingId, deviceId } })) === 0) throw notFound("recording");
  if (sidecarMediaType(name) === null)
    throw new AppError("unsupported_media_type", `A sidecar's name ends in one of ${sidecarEndings.join(", ")}.`);
  if (content.byteLength > maxSidecarBytes)
    throw new AppError("too_large", `A sidecar has at most ${maxSidecarBytes} bytes.`);
  const sha256 = createHash("sha256").update(content).digest();
  const manifestSha256 = await namingManifest(ctx, recordingId, name, sha256.toString("hex"));
  await requireRoom(ctx, content.byteLength);
  const view = { name, sizeBytes: content.byteLength, sha256: sha256.toString("hex") };
  return withSpace(ctx, content.byteLength, async (tx, claim) => {
    // One writer of a recording's sidecars: a blob that is there without a row was left by one that died.
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('sidecar'), hashtext(${recordingId}))`;
    const where = { recordingId_name_sha256: { recordingId, name, sha256 } };
    const known = await tx.sidecar.findUnique({ where });
    if (known !== null) return { ...view, receivedAt: known.receivedAt.toISOString(), isNew: false };
    if ((await tx.sidecar.count({ where: { recordingId } })) >= perRecording)
      throw new AppError("conflict", `A recording has at most ${perRecording} sidecars.`);
    const isPut = await putBlob(ctx, tx, recordingId, sha256, content);
    try {
      await holdDevice(tx, device);
      const receivedAt = ctx.clock.now();
      const { sizeBytes } = view;
      await tx.sidecar.create({ data: { recordingId, name, sha256, sizeBytes, manifestSha256, receivedAt } });
      const manifest = Buffer.from(manifestSha256).toString("hex");
      const details = { name, sizeBytes, sha256: view.sha256, manifestSha256: manifest };
      await recordEvent(ctx, tx, { action: "sidecar.received", recordingId, deviceId, details });
      await claim(deviceId, { isNew: false });
      return { ...view, receivedAt: receivedAt.toISOString(), isNew: true };
    } catch (error) {
      // No row will name these bytes; who comes next for this recording waits for the lock above.
      if (isPut) await ctx.storage.remove(sidecarKey(recordingId, view.sha256));
      throw error;
    }
  });
}

/** The manifest of the recording that names these bytes. */
async function namingManifest(ctx: Context, recordingId: string, name: string, sha256: string) {
  const rows = await ctx.db.$queryRaw<{ manifestSha256: Uint8Array<ArrayBuffer>; sha256: string }[]>`
    SELECT m.manifest_sha256 AS "manifestSha256", s->>'sha256' AS sha256
      FROM manifest m, jsonb_array_elements(coalesce(m.facts->'sidecars', '[]')) s
     WHERE m.recording_id = ${recordingId} AND s->>'name' = ${name} ORDER BY m.received_at`;
  if (rows.length === 0)
    throw new AppError("conflict", "No manifest of this recording names a sidecar so.", { field: "name" });
  const found = rows.find((row) => row.sha256 === sha256);
  if (found === undefined) throw new AppError("checksum_mismatch", "These are not the bytes that the manifest names.");
  return found.manifestSha256;
}

async function requireRoom(ctx: Context, sizeBytes: number): Promise<void> {
  const freeBytes = await ctx.storage.freeBytes();
  if (freeBytes === null || freeBytes - sizeBytes >= ctx.limits.reserveBytes) return;
  const message = "The archive's storage is full. Nothing acknowledged was lost; try again later.";
  throw new AppError("insufficient_storage", message, { retryAfterSeconds: jitteredSeconds(60, 120) });
}

/**
 * Makes the bytes durable, also where a writer that died left them behind: whether those are durable nobody knows.
 *
 * @returns false when they were here
 */
async function putBlob(
  ctx: Context,
  tx: Transaction,
  recordingId: string,
  sha256: Buffer<ArrayBuffer>,
  content: Uint8Array,
): Promise<boolean> {
  // Another name with the same bytes: they are here, and a row stands for them.
  if ((await tx.sidecar.count({ where: { recordingId, sha256 } })) > 0) return false;
  const key = sidecarKey(recordingId, sha256.toString("hex"));
  try {
    if ((await ctx.storage.size(key)) !== null) await ctx.storage.remove(key);
    await ctx.storage.put(key, content);
    return true;
  } catch (error) {
    throw storageError(error);
  }
}
