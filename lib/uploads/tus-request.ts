import { AppError, isAppError } from "../errors.ts";
import { announcedChecksum, type BodyCheck } from "./checksum.ts";
import { parseUploadConcat, type UploadConcat } from "./upload-concat.ts";

/** The parts of an HTTP request that tus 1.0 is about; field names in lower case. */
export type TusRequest = {
  method: string;
  /** The last part of the path; null: the endpoint itself. */
  uploadId: string | null;
  headers: Readonly<Record<string, string | undefined>>;
  /** Fields after the body, once it has ended. */
  trailers?: () => Readonly<Record<string, string | undefined>>;
};

/** The version of tus that is spoken here. */
export const tusVersion = "1.0.0";

/** Extensions of tus that are spoken here, as in Tus-Extension. */
export const tusExtensions = [
  "creation",
  "creation-with-upload",
  "creation-defer-length",
  "termination",
  "checksum",
  "checksum-trailer",
  "expiration",
  "concatenation",
  "concatenation-unfinished",
] as const;

const bodyType = "application/offset+octet-stream";
const uploadMethods = ["HEAD", "PATCH", "DELETE", "OPTIONS"];
const endpointMethods = ["POST", "OPTIONS"];

function wholeNumber(text: string, field: string): number {
  // "The value MUST be a non-negative integer" (Upload-Offset, Upload-Length).
  if (!/^\d{1,30}$/.test(text)) throw new AppError("length_invalid", `${field} must be a whole number.`, { field });
  const value = Number(text);
  if (!Number.isSafeInteger(value))
    throw new AppError("too_large", `${field} is larger than any file can be.`, { field });
  return value;
}

/**
 * The method as the client means it: the header "MUST be interpreted as the request's method by the Server, if the
 * header is presented. The actual method of the request MUST be ignored" (tus 1.0, X-HTTP-Method-Override).
 */
export function effectiveMethod(method: string, override: string | undefined): string {
  return override === undefined ? method : override.trim().toUpperCase();
}

function allowedMethods({ uploadId }: TusRequest): readonly string[] {
  return uploadId === null ? endpointMethods : uploadMethods;
}

/**
 * Whether this is tus as it is spoken here. To be asked before anything else, also before who asks: with another
 * version "the Server MUST NOT process the request" (Tus-Resumable).
 *
 * @throws AppError method_not_allowed, unsupported_version
 */
export function checkTusVersion(request: TusRequest): void {
  const { method, headers } = request;
  const allowed = allowedMethods(request);
  if (!allowed.includes(method)) throw new AppError("method_not_allowed", `Use ${allowed.join(", ")} here.`);
  // "The Client SHOULD NOT include the Tus-Resumable header in the request and the Server MUST ignore the header"
  // (OPTIONS).
  if (method === "OPTIONS") return;
  // "If the version specified by the Client is not supported by the Server, it MUST respond with the 412
  // Precondition Failed status and MUST include the Tus-Version header" (Tus-Resumable).
  if (headers["tus-resumable"] !== tusVersion)
    throw new AppError("unsupported_version", `Send Tus-Resumable: ${tusVersion}.`, { field: "Tus-Resumable" });
}

/** Fields that belong to every refusal: it "MUST be included in every request and response" (Tus-Resumable). */
export function refusalFields(error: unknown, request: TusRequest): Record<string, string> {
  const code = isAppError(error) ? error.code : null;
  return {
    "Tus-Resumable": tusVersion,
    ...(code === "unsupported_version" ? { "Tus-Version": tusVersion } : {}),
    // "The origin server MUST generate an Allow header field in a 405 response" (RFC 9110, 15.5.6).
    ...(code === "method_not_allowed" ? { Allow: allowedMethods(request).join(", ") } : {}),
  };
}

/** What a request says about bytes and lengths. */
export type TusStatement = {
  /** Upload-Offset of a PATCH: it wants to write. Null: any other request. */
  patchOffsetBytes: number | null;
  /** Upload-Length of a PATCH; null: it says none. */
  patchLengthBytes: number | null;
  /** What the body must be; null: nothing was said. */
  checksum: BodyCheck | null;
  /** Upload-Concat of a POST; null: a file of its own. */
  concat: UploadConcat | null;
};

/** Of a request that says nothing. */
export const noStatement: TusStatement = {
  patchOffsetBytes: null,
  patchLengthBytes: null,
  checksum: null,
  concat: null,
};

/**
 * Checks a request in the order of the specification, before anything is looked up.
 *
 * @throws AppError unsupported_media_type, invalid_input, length_invalid, too_large, and those of checkTusVersion
 */
export function checkTusRequest(request: TusRequest, maxBytes: number): TusStatement {
  const { method, headers } = request;
  checkTusVersion(request);
  // "similar rules as for the PATCH request and response apply" (Creation With Upload): also a POST's body is compared.
  if (method === "POST") {
    const concat = checkCreation(headers, maxBytes);
    return { ...noStatement, concat, checksum: announcedChecksum(request) };
  }
  if (method !== "PATCH") return noStatement;
  return { ...noStatement, ...checkPatch(headers, maxBytes), checksum: announcedChecksum(request) };
}

/** Whether a request says that its body is a part of an upload. */
export function isBodyType(headers: TusRequest["headers"]): boolean {
  return headers["content-type"]?.trim().toLowerCase() === bodyType;
}

function checkBodyType(headers: TusRequest["headers"]): void {
  if (!isBodyType(headers)) throw wrongBodyType();
}

function wrongBodyType(): AppError {
  return new AppError("unsupported_media_type", `Send Content-Type: ${bodyType}.`, { field: "Content-Type" });
}

function finalTakesNone(): AppError {
  return new AppError("invalid_input", "A final upload takes no bytes.", { field: "Upload-Concat" });
}

/** Refuses the bytes of a creation whose head did not say that there are any: see checkCreation. */
export function unexpectedBody({ concat }: TusStatement): AppError {
  return concat?.kind === "final" ? finalTakesNone() : wrongBodyType();
}

function checkPatch(headers: TusRequest["headers"], maxBytes: number): Partial<TusStatement> {
  // "All PATCH requests MUST use Content-Type: application/offset+octet-stream, otherwise the server SHOULD
  // return a 415 Unsupported Media Type status" (PATCH).
  checkBodyType(headers);
  const offset = headers["upload-offset"];
  if (offset === undefined)
    throw new AppError("invalid_input", "Send Upload-Offset, the number of bytes that are here already.", {
      field: "Upload-Offset",
    });
  const length = headers["upload-length"];
  return {
    patchOffsetBytes: wholeNumber(offset, "Upload-Offset"),
    patchLengthBytes: length === undefined ? null : checkLength(length, maxBytes),
  };
}

function checkCreation(headers: TusRequest["headers"], maxBytes: number): UploadConcat | null {
  const { "upload-concat": concatHeader } = headers;
  const concat = concatHeader === undefined ? null : parseUploadConcat(concatHeader);
  // One that is sent in chunks, as a proxy may make an empty one of HTTP/2 too, is looked at when it is there.
  const hasBody = Number(headers["content-length"] ?? 0) > 0;
  if (concat?.kind === "final") {
    checkFinal(headers, hasBody);
    return concat;
  }
  const { "upload-length": length, "upload-defer-length": deferred } = headers;
  if ((length === undefined) === (deferred === undefined))
    throw new AppError("length_invalid", "Send either Upload-Length or Upload-Defer-Length: 1.", {
      field: "Upload-Length",
    });
  // "If the Upload-Defer-Length header contains any other value than 1 the server should return a 400 Bad Request
  // status" (Creation, POST).
  if (deferred !== undefined && deferred !== "1")
    throw new AppError("length_invalid", "Upload-Defer-Length must be 1.", { field: "Upload-Defer-Length" });
  if (length !== undefined) checkLength(length, maxBytes);
  // "The Client MUST include the Content-Type: application/offset+octet-stream header" (Creation With Upload): bytes
  // of another type would be dropped in silence. An empty body may be of any type.
  if (hasBody) checkBodyType(headers);
  return concat;
}

/** "The Client MUST NOT include the Upload-Length header in the final upload creation" (Concatenation). */
function checkFinal(headers: TusRequest["headers"], hasBody: boolean): void {
  if (headers["upload-length"] !== undefined || headers["upload-defer-length"] !== undefined)
    throw new AppError("length_invalid", "The length of a final upload follows from its parts.", {
      field: "Upload-Length",
    });
  if (hasBody) throw finalTakesNone();
}

/** "If the length of the upload exceeds the maximum […] the Server MUST respond with the 413" (Creation, POST). */
function checkLength(text: string, maxBytes: number): number {
  const lengthBytes = wholeNumber(text, "Upload-Length");
  if (lengthBytes <= maxBytes) return lengthBytes;
  throw new AppError("too_large", `This archive takes files of at most ${maxBytes} bytes.`, { field: "Upload-Length" });
}
