import type { Context } from "../context.ts";
import { AppError, notFound } from "../errors.ts";
import { requireSomeDevice, type UploadRow } from "./internal.ts";

/**
 * Begins a statement that a device's request starts with: `known` says whether the token $3 that was remembered for
 * the device $2 (its digest, or its key's thumbprint) still is one (null: it was asked already), and $1 is the upload. One statement so authenticates and
 * acts, and revocation takes effect at the next request.
 */
export const knownToken = `known AS (
  SELECT CASE
    WHEN $3::text IS NULL THEN true
    WHEN length($3::text) = 64 THEN EXISTS (
      SELECT 1 FROM device_token t JOIN device d ON d.id = t.device_id
       WHERE t.token_sha256 = decode(CASE WHEN length($3::text) = 64 THEN $3::text ELSE '' END, 'hex')
         AND t.revoked_at IS NULL AND d.id = $2 AND d.state = 'active')
    ELSE EXISTS (
      SELECT 1 FROM device_key k JOIN device d ON d.id = k.device_id
       WHERE k.kid = $3::text AND k.revoked_at IS NULL AND d.id = $2 AND d.state = 'active')
  END AS is_known
)`;

/** What such a statement reads of the upload, called `seen`. */
export const seenColumns = `known.is_known, seen.id, seen.recording_id, seen.device_id, seen.kind::text AS kind,
  seen.state::text AS state, seen.offset_bytes, seen.length_bytes, seen.chunk_size_bytes, seen.metadata_header,
  seen.concat_header, seen.final_upload_id, seen.manifest_sha256 IS NOT NULL AS has_manifest, seen.last_activity_at,
  CASE WHEN seen.lease_until IS NOT NULL THEN seen.fence END AS held_fence`;

type Row = {
  id: string;
  recording_id: string | null;
  device_id: string;
  kind: UploadRow["kind"];
  state: UploadRow["state"];
  offset_bytes: string;
  length_bytes: string | null;
  chunk_size_bytes: number;
  metadata_header: string | null;
  concat_header: string | null;
  final_upload_id: string | null;
  has_manifest: boolean;
  last_activity_at: Date;
  held_fence: number | null;
};

/** A row of `seenColumns`: without an upload all but the first are null. */
export type SeenRow = { is_known: boolean } & (Row | { id: null });

/**
 * The first three parameters: upload, device, and the token that is still to be asked for. The archive itself, which
 * puts files together from parts, sees the uploads of all devices.
 */
export function seenValues(ctx: Context, uploadId: string): [string, string | null, string | null] {
  if (ctx.actor.kind === "system") return [uploadId, null, null];
  const { deviceId, rememberedToken = null } = requireSomeDevice(ctx);
  return [uploadId, deviceId, rememberedToken];
}

/**
 * The upload that a statement saw. From here on the device of this request is one that was asked for.
 *
 * @throws AppError token_invalid, not_found
 */
export function seenUpload(ctx: Context, row: SeenRow | undefined): UploadRow {
  if (row?.is_known !== true)
    throw new AppError("token_invalid", "This device token is unknown, was revoked or has run out.");
  if (ctx.actor.kind === "device") delete ctx.actor.rememberedToken;
  if (row.id === null) throw notFound("upload");
  return {
    id: row.id,
    recordingId: row.recording_id,
    deviceId: row.device_id,
    kind: row.kind,
    state: row.state,
    offsetBytes: Number(row.offset_bytes),
    lengthBytes: row.length_bytes === null ? null : Number(row.length_bytes),
    chunkSizeBytes: row.chunk_size_bytes,
    metadataHeader: row.metadata_header,
    concatHeader: row.concat_header,
    finalUploadId: row.final_upload_id,
    hasManifest: row.has_manifest,
    lastActivityAt: row.last_activity_at,
    heldFence: row.held_fence,
  };
}
