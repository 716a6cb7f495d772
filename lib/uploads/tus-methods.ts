import type { Readable } from "node:stream";
import type { Context } from "../context.ts";
import { AppError } from "../errors.ts";
import { newId } from "../ids.ts";
import { type AppendResult, appendBytes } from "./append-bytes.ts";
import { lengthKnown, saveLength, takeLength } from "./declare-length.ts";
import { getUpload } from "./get-upload.ts";
import { Inbox } from "./inbox.ts";
import { type UploadRow, uploadGone } from "./internal.ts";
import { type Lease, releaseLease, settleSilentWriter, takeLease } from "./lease.ts";
import { openFinalUpload } from "./open-final-upload.ts";
import { openPart } from "./open-part.ts";
import { openUpload } from "./open-upload.ts";
import { seeFinalUpload } from "./see-final-upload.ts";
import { terminateUpload } from "./terminate-upload.ts";
import type { TusLibrary } from "./tus-library.ts";
import { isBodyType, type TusRequest, type TusStatement, unexpectedBody } from "./tus-request.ts";
import type { Writers } from "./writers.ts";

/** One tus request on its way. What is known of its upload stays here also when it fails, for the answer. */
export type TusScope = {
  ctx: Context;
  request: TusRequest;
  body: Readable;
  stated: TusStatement;
  upload: UploadRow | null;
  /** A final upload whose parts are all complete, so that it expires no more. */
  isReady: boolean;
  result: AppendResult | null;
};

/** A success, without the fields that every answer has. */
export type TusSuccess = { status: number; headers: Record<string, string> };

/** What all requests share. */
export type TusParts = { library: TusLibrary; writers: Writers; maxBytes: number };

type Method = (scope: TusScope, parts: TusParts) => Promise<TusSuccess>;

/** The methods of tus 1.0, each one of our verbs. The request was checked; who asks was authenticated. */
export const tusMethods: ReadonlyMap<string, Method> = new Map([
  ["POST", create],
  ["HEAD", tell],
  ["PATCH", append],
  ["DELETE", end],
]);

/** "The Server MUST acknowledge a successful upload creation with the 201 Created status" (Creation, POST). */
async function create(scope: TusScope, parts: TusParts): Promise<TusSuccess> {
  const { ctx, request } = scope;
  const { "upload-length": length, "upload-metadata": metadataHeader = null } = request.headers;
  const lengthBytes = length === undefined ? null : Number(length);
  const { concat } = scope.stated;
  const input = { uploadId: newId("upload"), lengthBytes, metadataHeader };
  const isChunked = request.headers["transfer-encoding"] !== undefined;
  if (isChunked && (concat?.kind === "final" || !isBodyType(request.headers))) {
    const ended = await endOfEmpty(scope.body, parts.writers.timing.idleMs);
    if (ended === "too_long") throw unexpectedBody(scope.stated);
    if (ended !== "whole") throw new AppError("idle_timeout", "The body did not end; nothing was created.");
  }
  if (concat?.kind === "final") {
    // Its length follows from its parts.
    const judged = { ...request.headers, "upload-defer-length": "1" };
    await parts.library.create(judged, async () => {
      await look(scope, await openFinalUpload(ctx, input, concat, parts.maxBytes));
    });
    return { status: 201, headers: {} };
  }
  const upload = await opened(parts, request, () => (concat === null ? openUpload(ctx, input) : openPart(ctx, input)));
  scope.upload = upload;
  // The device began this file before: a body is its first bytes, which are here. It goes on from the offset.
  if (upload.offsetBytes > 0) return { status: 201, headers: { "Upload-Offset": String(upload.offsetBytes) } };
  if (!isBodyType(request.headers)) return { status: 201, headers: {} };
  refuseOverlong(upload, request, parts.maxBytes);
  const { lease } = await takeLease(ctx, upload.id, 0, parts.writers);
  // "and MUST include the Upload-Offset header in the response" (Creation With Upload).
  return { status: 201, headers: { "Upload-Offset": String(await take(scope, lease, parts, false)) } };
}

/** The upload that a creation opened, after @tus/server had judged the request. */
async function opened({ library }: TusParts, { headers }: TusRequest, open: () => Promise<UploadRow>) {
  const result: { upload?: UploadRow } = {};
  await library.create(headers, async () => {
    result.upload = await open();
  });
  if (result.upload === undefined) throw new Error("@tus/server took a creation and opened nothing");
  return result.upload;
}

/** "The Server MUST always include the Upload-Offset header in the response for a HEAD request" (HEAD). */
async function tell(scope: TusScope, { writers }: TusParts): Promise<TusSuccess> {
  const upload = await look(scope, await askedUpload(scope, writers));
  if (upload.state === "terminated") throw uploadGone();
  const headers: Record<string, string> = {
    // "The Server MUST prevent the client and/or proxies from caching the response" (HEAD).
    "Cache-Control": "no-store",
  };
  // "The response to a HEAD request for a final upload SHOULD NOT contain the Upload-Offset header unless the
  // concatenation has been successfully finished" (Concatenation).
  if (upload.kind !== "final" || upload.state === "complete") headers["Upload-Offset"] = String(upload.offsetBytes);
  if (upload.lengthBytes === null) headers["Upload-Defer-Length"] = "1";
  else headers["Upload-Length"] = String(upload.lengthBytes);
  // "its value as specified by the Client during the creation": the header itself, not a rewritten one.
  if (upload.metadataHeader !== null) headers["Upload-Metadata"] = upload.metadataHeader;
  // "Response to HEAD request against partial or final upload MUST include the Upload-Concat header and its value as
  // received in the upload creation request" (Concatenation).
  if (upload.kind === "part") headers["Upload-Concat"] = "partial";
  if (upload.concatHeader !== null) headers["Upload-Concat"] = upload.concatHeader;
  return { status: 200, headers };
}

/** An upload with an offset where its client can go on, also while a request whose client is gone still holds it. */
async function askedUpload({ ctx, request }: TusScope, writers: Writers): Promise<UploadRow> {
  const upload = await getUpload(ctx, request.uploadId ?? "");
  if (upload.heldFence === null) return upload;
  await settleSilentWriter(upload, writers);
  return getUpload(ctx, upload.id);
}

/** Keeps an upload for the answer, a final one with what its parts say about it. */
async function look(scope: TusScope, upload: UploadRow): Promise<UploadRow> {
  scope.upload = upload;
  if (upload.kind !== "final" || upload.state !== "open") return upload;
  const { isReady, ...seen } = await seeFinalUpload(scope.ctx, upload);
  scope.isReady = isReady;
  scope.upload = { ...upload, ...seen };
  return scope.upload;
}

/** "The Server MUST acknowledge successful PATCH requests with the 204 No Content status" (PATCH). */
async function append(scope: TusScope, parts: TusParts): Promise<TusSuccess> {
  const { ctx, request, stated } = scope;
  const { patchOffsetBytes } = stated;
  // The lease comes before anything is decided on the offset, and before the file is opened.
  const { upload, lease } = await takeLease(ctx, request.uploadId ?? "", patchOffsetBytes, parts.writers);
  scope.upload = upload;
  let savesLength: boolean;
  try {
    // "the Server MUST respond with the 409 Conflict status without modifying the upload resource" (PATCH).
    if (upload.offsetBytes !== patchOffsetBytes)
      throw new AppError("offset_conflict", "Upload-Offset is not the number of bytes that are here.");
    savesLength = await declareLength(scope, upload, lease);
    refuseOverlong(upload, request, parts.maxBytes);
  } catch (error) {
    if (lease !== null) await releaseLease(ctx.db, lease);
    throw error;
  }
  return { status: 204, headers: { "Upload-Offset": String(await take(scope, lease, parts, savesLength)) } };
}

/** "the Server SHOULD free associated resources and MUST respond with the 204 No Content status" (Termination). */
async function end({ ctx, request }: TusScope, { library, writers }: TusParts): Promise<TusSuccess> {
  await library.terminate(() => terminateUpload(ctx, request.uploadId ?? "", writers));
  return { status: 204, headers: {} };
}

/** Takes the body; a complete upload has no lease, and takes an empty body and no other. Returns the new offset. */
async function take(scope: TusScope, lease: Lease | null, parts: TusParts, savesLength: boolean): Promise<number> {
  const { ctx, body, stated, upload } = scope;
  if (lease === null) {
    await refuseMore(scope, parts.writers.timing.idleMs);
    return upload?.offsetBytes ?? 0;
  }
  try {
    scope.result = await appendBytes(ctx, lease, body, { ...parts, checksum: stated.checksum, savesLength });
  } finally {
    scope.upload = lease.replacedBy ?? lease.upload;
  }
  return scope.result.offsetBytes;
}

/**
 * "Once set the length MUST NOT be changed" (Creation, POST); the same length again changes nothing.
 *
 * @returns whether it is to be saved with the body, when that was found right
 */
async function declareLength({ ctx, stated }: TusScope, upload: UploadRow, lease: Lease | null): Promise<boolean> {
  const { patchLengthBytes, checksum } = stated;
  if (patchLengthBytes === null || patchLengthBytes === upload.lengthBytes) return false;
  if (lease === null) throw lengthKnown();
  takeLength(lease, patchLengthBytes);
  // When nothing more is to come it is saved as the upload becomes complete: a client that is told the whole length as
  // its offset sends nothing more.
  if (patchLengthBytes === upload.offsetBytes) return false;
  if (checksum === null) await saveLength(ctx, lease);
  return checksum !== null;
}

/** A body that says itself that it does not fit is refused before a byte of it is taken. */
function refuseOverlong(upload: UploadRow, { headers }: TusRequest, maxBytes: number): void {
  const leftBytes = (upload.lengthBytes ?? maxBytes) - upload.offsetBytes;
  if (Number(headers["content-length"] ?? 0) <= leftBytes) return;
  throw new AppError("too_large", "The body is longer than what is left of the upload's length.");
}

async function refuseMore({ body, stated }: TusScope, idleMs: number): Promise<void> {
  const ended = await endOfEmpty(body, idleMs);
  if (ended === "too_long") throw new AppError("too_large", "This upload is complete; it takes no more bytes.");
  if (ended === "whole") stated.checksum?.verify();
}

/** Waits for a body that should have no byte; `too_long`: it has one. */
async function endOfEmpty(body: Readable, idleMs: number): Promise<Inbox["ended"]> {
  const inbox = new Inbox(body, 0);
  const timer = setTimeout(() => inbox.stop("idle"), idleMs);
  await inbox.take();
  clearTimeout(timer);
  return inbox.ended;
}
