import type { Readable } from "node:stream";
import type { Context } from "../context.ts";
import { isAppError, toProblem } from "../errors.ts";
import { recordingIdHeader } from "../protocol/index.ts";
import { refuseEnd } from "./body-end.ts";
import { wantedDigests } from "./digest-fields.ts";
import { httpUploadMethods } from "./http-upload-methods.ts";
import { allowOf, checkHttpUpload, interopVersion, partialUploadType } from "./http-upload-request.ts";
import { type HttpUploadParts, type HttpUploadScope, type Inform, limitFields } from "./http-upload-scope.ts";
import { logFailure } from "./log-failure.ts";
import type { TusAnswer, TusRequest } from "./tus-endpoint.ts";

/**
 * Answers one request of the IETF draft Resumable Uploads for HTTP, by the same verbs as tus; never throws.
 */
export async function handleHttpUpload(
  parts: HttpUploadParts,
  ctx: Context,
  request: TusRequest,
  body: Readable,
  location: string,
  inform: Inform,
): Promise<TusAnswer> {
  let scope: HttpUploadScope | null = null;
  try {
    const stated = checkHttpUpload(request);
    // "Server implementations […] MUST NOT send a 104 […] when the interop version indicated […] is missing or
    // mismatching", and "MUST also send a header field Upload-Draft-Interop-Version" in it.
    const tell = (headers: Readonly<Record<string, string>>) => {
      if (stated.takesInterim)
        inform(104, "Upload Resumption Supported", { "Upload-Draft-Interop-Version": interopVersion, ...headers });
    };
    scope = { ctx, request, body, location, stated, upload: null, result: null, inform: tell };
    const method = httpUploadMethods.get(request.method);
    if (method === undefined) throw new Error(`No answer to ${request.method}`); // refused when it was checked
    const { status, headers } = await method(scope, parts);
    // A success says that the whole body was processed; a server that stops has not.
    const mustClose = refuseEnd(scope.result, true);
    if (scope.upload !== null && scope.upload.recordingId !== null)
      headers[recordingIdHeader] = scope.upload.recordingId;
    return { status, headers, body: null, mustClose };
  } catch (error) {
    return problemAnswer(parts, scope, ctx, request, error);
  }
}

/** What every refusal of the draft says, also one that comes before a device is known. */
export function httpUploadRefusal(error: unknown, request: TusRequest): Record<string, string> {
  const code = isAppError(error) ? error.code : null;
  return {
    ...(code === "method_not_allowed" ? { Allow: allowOf(request) } : {}),
    // RFC 5789, 2.2: a 415 says in Accept-Patch what would be right.
    ...(code === "unsupported_media_type" ? { "Accept-Patch": partialUploadType } : {}),
    ...(code === "digest_unsupported" ? wantedDigests : {}),
  };
}

function problemAnswer(
  parts: HttpUploadParts,
  scope: HttpUploadScope | null,
  ctx: Context,
  request: TusRequest,
  error: unknown,
): TusAnswer {
  const { status, body, headers } = toProblem(error, ctx.correlationId);
  const upload = scope?.upload ?? null;
  logFailure(ctx, error, upload);
  Object.assign(headers, httpUploadRefusal(error, request));
  // "A server responding with a 413 […] MUST include the Upload-Limit header in this response" (Limits).
  if (isAppError(error) && error.code === "too_large") Object.assign(headers, limitFields(parts, scope));
  if (scope !== null && upload !== null) {
    const code = isAppError(error) ? error.code : "internal";
    const isKnown = ["offset_conflict", "digest_mismatch", "chunk_mismatch"].includes(code);
    // "The response MUST include the correct offset in the Upload-Offset header field" (Upload Append).
    if (isKnown) headers["Upload-Offset"] = String(upload.offsetBytes);
    if (scope.result !== null) headers["Upload-Offset"] = String(scope.result.offsetBytes);
    // The upload is there although its first bytes were refused: the client can go on with it.
    // After a chunk that is not what a manifest says, it goes on here, which may be another upload than before.
    if (request.method === "POST" || code === "chunk_mismatch") headers.Location = `${scope.location}/${upload.id}`;
  }
  return { status, headers, body: JSON.stringify(body), mustClose: true };
}
