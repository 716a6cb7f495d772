import { pipeline, type Readable } from "node:stream";
import type { Context } from "../context.ts";
import { AppError } from "../errors.ts";
import { newId } from "../ids.ts";
import { encodeMetadataHeader, parseSha256Hex } from "../protocol/index.ts";
import { announceRecording } from "./announce-recording.ts";
import { appendBytes } from "./append-bytes.ts";
import { refuseEnd } from "./body-end.ts";
import { FormBody } from "./form-body.ts";
import { requireDevice, type UploadRow } from "./internal.ts";
import { takeLease } from "./lease.ts";
import { openUpload } from "./open-upload.ts";
import { terminateUpload } from "./terminate-upload.ts";
import type { TusParts } from "./tus-methods.ts";

/** A form with one file, whose fields came before it. */
export type ReceivedForm = {
  /** Named as in Upload-Metadata, with `size` and `manifest` beside. */
  fields: ReadonlyMap<string, string>;
  /** From the part that brings the file; null: not said there. */
  fileName: string | null;
  mediaType: string | null;
  content: Readable;
  /** Settles when the form is over: whole and as it should be, or not. */
  whole: Promise<void>;
};

/** Where a form's file is. */
export type FormReceipt = { recordingId: string; isNew: boolean };

/**
 * Takes in a recording that came in one plain form, as an upload that is opened, filled and completed: with the same
 * checks, the same custody and the same order of writes. What arrived before a form broke off stays as an unfinished
 * upload; the same form again goes on from there when it declares its SHA-256 or brings a manifest.
 *
 * @throws AppError as `openUpload` or `announceRecording`, and as `appendBytes`; checksum_mismatch and length_invalid
 *   when the file is not the declared one
 */
export async function receiveForm(ctx: Context, form: ReceivedForm, parts: TusParts): Promise<FormReceipt> {
  requireDevice(ctx);
  const { upload, isNew } = await open(ctx, form, parts.maxBytes);
  const receipt = { recordingId: upload.recordingId ?? "", isNew };
  const seen = upload.state === "complete" ? null : await takeLease(ctx, upload.id, upload.offsetBytes, parts.writers);
  if (seen === null || seen.upload.state === "complete") return receipt;
  if (seen.lease === null) throw new AppError("offset_conflict", "Another request has written this upload; try again.");
  const declared = form.fields.has("manifest") ? null : parseSha256Hex(form.fields.get("sha256") ?? "");
  const { lengthBytes } = seen.upload;
  const body = new FormBody({ skipBytes: upload.offsetBytes, lengthBytes, sha256: declared, whole: form.whole });
  // What goes wrong with one of them ends both; the reception sees it as a body that broke off.
  pipeline(form.content, body, () => undefined);
  const result = await appendBytes(ctx, seen.lease, body, { ...parts, completes: true });
  if (result.isComplete) return receipt;
  if (body.isMismatch) await terminateUpload(ctx, upload.id, parts.writers);
  if (body.problem !== null) throw body.problem;
  refuseEnd(result, true);
  await form.whole;
  throw new AppError("length_invalid", "The file is not as long as size says.", { field: "size" });
}

async function open(
  ctx: Context,
  { fields, fileName, mediaType }: ReceivedForm,
  maxBytes: number,
): Promise<{ upload: UploadRow; isNew: boolean }> {
  const manifest = fields.get("manifest");
  if (manifest !== undefined) return announceRecording(ctx, manifest.trim(), maxBytes);
  const values = new Map(fields);
  values.delete("size");
  if (fileName !== null && !values.has("filename") && !values.has("name")) values.set("filename", fileName);
  if (mediaType !== null && !values.has("filetype") && !values.has("type")) values.set("filetype", mediaType);
  const uploadId = newId("upload");
  const lengthBytes = readSize(fields.get("size"), maxBytes);
  const upload = await openUpload(ctx, { uploadId, lengthBytes, metadataHeader: encodeMetadataHeader(values) });
  return { upload, isNew: upload.id === uploadId };
}

function readSize(text: string | undefined, maxBytes: number): number | null {
  if (text === undefined || text === "") return null;
  if (!/^\d{1,15}$/.test(text)) throw new AppError("length_invalid", "size must be a whole number.", { field: "size" });
  if (Number(text) <= maxBytes) return Number(text);
  throw new AppError("too_large", `This archive takes files of at most ${maxBytes} bytes.`, { field: "size" });
}
