import { AppError } from "../errors.ts";
import { newId } from "../ids.ts";
import { appendBytes } from "./append-bytes.ts";
import { saveLength, takeLength } from "./declare-length.ts";
import { refuseOtherRepr } from "./digest-fields.ts";
import { getUpload } from "./get-upload.ts";
import { inconsistentLength, indicatedLength, metadataOf } from "./http-upload-request.ts";
import { type HttpUploadParts, type HttpUploadScope, limitFields } from "./http-upload-scope.ts";
import { type UploadRow, uploadGone } from "./internal.ts";
import { type Lease, releaseLease, takeLease } from "./lease.ts";
import { openUpload } from "./open-upload.ts";
import { terminateUpload } from "./terminate-upload.ts";

type Success = { status: number; headers: Record<string, string> };
type Method = (scope: HttpUploadScope, parts: HttpUploadParts) => Promise<Success>;

/** How often a client is told in the middle of a body how much of it is durable. */
const informEveryMs = 1_000;

/** The methods of the draft, each one of our verbs. The request was checked; who asks was authenticated. */
export const httpUploadMethods: ReadonlyMap<string, Method> = new Map([
  ["POST", create],
  ["HEAD", tell],
  ["PATCH", append],
  ["DELETE", end],
]);

/** Upload Creation. */
async function create(scope: HttpUploadScope, parts: HttpUploadParts): Promise<Success> {
  const { ctx, request, stated, location } = scope;
  const { completes, contentBytes } = stated;
  const lengthBytes = indicatedLength(stated);
  refuseTooLong(lengthBytes, parts.maxBytes);
  if (lengthBytes !== null && contentBytes !== null && contentBytes > lengthBytes)
    throw inconsistentLength("The body is longer than Upload-Length.");
  const metadataHeader = metadataOf(request, stated.reprSha256);
  const upload = await openUpload(ctx, {
    uploadId: newId("upload"),
    lengthBytes,
    metadataHeader,
    isOpenEnded: !completes,
  });
  scope.upload = upload;
  const place = { Location: `${location}/${upload.id}`, ...limitFields(parts, scope) };
  // "it MUST include Location header field pointing to the upload resource and MUST include the Upload-Limit header
  // field" (Upload Creation).
  scope.inform(place);
  // The device began this very file before: the body's first bytes are here, and it goes on from the offset.
  const isKnown = upload.offsetBytes > 0 || upload.state === "complete";
  if (!isKnown && (contentBytes !== 0 || completes)) {
    const { lease } = await takeLease(ctx, upload.id, 0, parts.writers);
    if (lease === null) throw new AppError("offset_conflict", "Another request has written this upload.");
    await take(scope, lease, parts, false);
  }
  return { status: 201, headers: { ...place, ...stateFields(scope, upload) } };
}

/** Offset Retrieval. */
async function tell(scope: HttpUploadScope, parts: HttpUploadParts): Promise<Success> {
  const { ctx } = scope;
  let upload = await getUpload(ctx, scope.request.uploadId ?? "");
  // What the archive itself puts together is not ended by somebody who looks.
  if (upload.heldFence !== null && upload.state === "open" && upload.kind !== "final") {
    // "the offset sent by the server MUST be accepted in a subsequent request", so "the server SHOULD prevent race
    // conditions […] by terminating the previous request before processing the new request" (Concurrency).
    const { lease } = await takeLease(ctx, upload.id, null, parts.writers);
    if (lease !== null) await releaseLease(ctx.db, lease);
    upload = await getUpload(ctx, upload.id);
  }
  scope.upload = upload;
  if (upload.state === "terminated") throw uploadGone();
  return {
    status: 204,
    headers: {
      ...stateFields(scope, upload),
      ...(upload.lengthBytes === null ? {} : { "Upload-Length": String(upload.lengthBytes) }),
      ...limitFields(parts, scope),
      ...(await reprFields(scope, upload)),
      "Cache-Control": "no-store",
    },
  };
}

/** "The server SHOULD compute the representation digests […] once the upload is complete" (Representation Digests). */
async function reprFields({ ctx }: HttpUploadScope, { recordingId }: UploadRow): Promise<Record<string, string>> {
  if (recordingId === null) return {};
  const row = await ctx.db.recording.findUnique({ where: { id: recordingId }, select: { sha256: true } });
  if (!row?.sha256) return {};
  return { "Repr-Digest": `sha-256=:${Buffer.from(row.sha256).toString("base64")}:` };
}

/** Upload Append. */
async function append(scope: HttpUploadScope, parts: HttpUploadParts): Promise<Success> {
  const { ctx, request, stated } = scope;
  const seen = await takeLease(ctx, request.uploadId ?? "", stated.offsetBytes, parts.writers);
  const { upload, lease } = seen;
  scope.upload = upload;
  // "the server MUST reject the request with a 409 (Conflict) status code" (Upload Append).
  if (upload.offsetBytes !== stated.offsetBytes) throw mismatchingOffset(upload, stated.offsetBytes);
  if (lease === null) throw refuseMore(scope);
  let savesLength: boolean;
  try {
    await compareRepr(scope, upload);
    savesLength = await declareLength(scope, lease, parts.maxBytes);
  } catch (error) {
    await releaseLease(ctx.db, lease);
    throw error;
  }
  await take(scope, lease, parts, savesLength);
  const isComplete = scope.result?.isComplete === true;
  // "the server SHOULD generate the response that matches what the resource, that was targeted by the initial upload
  // creation, would have generated" (Upload Append).
  if (!isComplete) return { status: 204, headers: stateFields(scope, upload) };
  return { status: 201, headers: { Location: `${scope.location}/${upload.id}`, ...stateFields(scope, upload) } };
}

/** "Upon receiving a DELETE request, the server SHOULD deactivate the upload resource" (Upload Cancellation). */
async function end({ ctx, request }: HttpUploadScope, { writers }: HttpUploadParts): Promise<Success> {
  await terminateUpload(ctx, request.uploadId ?? "", writers);
  return { status: 204, headers: {} };
}

function stateFields({ result }: HttpUploadScope, upload: UploadRow): Record<string, string> {
  const isComplete = upload.state === "complete" || result?.isComplete === true;
  return {
    "Upload-Offset": String(result?.offsetBytes ?? upload.offsetBytes),
    "Upload-Complete": isComplete ? "?1" : "?0",
  };
}

/** Takes the body. The lease is let go of in whatever way it ends. */
async function take(scope: HttpUploadScope, lease: Lease, parts: HttpUploadParts, savesLength: boolean): Promise<void> {
  const { ctx, body, stated } = scope;
  const { completes, contentDigest: checksum } = stated;
  let informedAt = performance.now();
  // "the server SHOULD send interim responses […] and the Upload-Offset header field set to the current offset […]
  // These interim responses MUST NOT include the Location header field" (Upload Append).
  const onPromise = (offsetBytes: number) => {
    if (performance.now() - informedAt < informEveryMs) return;
    informedAt = performance.now();
    scope.inform({ "Upload-Offset": String(offsetBytes) });
  };
  const { writers, maxBytes } = parts;
  const options = { writers, maxBytes, checksum, savesLength, completes, onPromise };
  try {
    scope.result = await appendBytes(ctx, lease, body, options);
  } finally {
    // Where it goes on after a chunk that is not what a manifest says.
    scope.upload = lease.replacedBy ?? lease.upload;
  }
  if (completes && scope.result.ended === "whole" && !scope.result.isComplete)
    throw inconsistentLength("The body ended before the length that was announced; what arrived is kept.");
}

/** "If multiple requests include indicators, their indicated values MUST match" (Length). */
async function declareLength(scope: HttpUploadScope, lease: Lease, maxBytes: number): Promise<boolean> {
  const { ctx, stated } = scope;
  const { upload } = lease;
  const lengthBytes = indicatedLength(stated);
  if (lengthBytes !== null && upload.lengthBytes !== null && lengthBytes !== upload.lengthBytes)
    throw inconsistentLength(`The length of this upload was announced as ${upload.lengthBytes}.`);
  refuseTooLong(lengthBytes, maxBytes);
  const knownBytes = lengthBytes ?? upload.lengthBytes;
  if (knownBytes !== null && knownBytes < upload.offsetBytes + (stated.contentBytes ?? 0))
    throw inconsistentLength("The body goes beyond the length that was announced.");
  if (lengthBytes === null || upload.lengthBytes !== null) return false;
  takeLength(lease, lengthBytes);
  if (stated.contentDigest === null) await saveLength(ctx, lease);
  return stated.contentDigest !== null;
}

function refuseTooLong(lengthBytes: number | null, maxBytes: number): void {
  if (lengthBytes === null || lengthBytes <= maxBytes) return;
  throw new AppError("too_large", `This archive takes files of at most ${maxBytes} bytes.`, { field: "Upload-Length" });
}

async function compareRepr({ ctx, stated }: HttpUploadScope, { recordingId }: UploadRow): Promise<void> {
  if (stated.reprSha256 === null || recordingId === null) return;
  const row = await ctx.db.recording.findUnique({ where: { id: recordingId }, select: { declaredSha256: true } });
  const declared = row?.declaredSha256 ? Buffer.from(row.declaredSha256).toString("hex") : null;
  refuseOtherRepr(stated.reprSha256, declared);
}

/** "If the upload is already complete, the server MUST NOT modify the upload resource and MUST reject the request". */
function refuseMore({ stated }: HttpUploadScope): AppError {
  if (stated.contentBytes !== 0) return inconsistentLength("This upload is complete; it takes no more bytes.");
  return new AppError("completed_upload", "This upload is complete already.", {
    problem: { type: "https://iana.org/assignments/http-problem-types#completed-upload" },
  });
}

/** The problem of an offset that is not the upload's (Mismatching Offset). */
function mismatchingOffset(upload: UploadRow, providedBytes: number): AppError {
  return new AppError("offset_conflict", "Upload-Offset is not the number of bytes that are here.", {
    field: "Upload-Offset",
    problem: {
      type: "https://iana.org/assignments/http-problem-types#mismatching-upload-offset",
      "expected-offset": upload.offsetBytes,
      "provided-offset": providedBytes,
    },
  });
}
