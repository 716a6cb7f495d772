import { AppError } from "../errors.ts";

/** The parts of an HTTP request that tus 1.0 is about; field names in lower case. */
export type TusRequest = {
  method: string;
  /** The last part of the path; null: the endpoint itself. */
  uploadId: string | null;
  headers: Readonly<Record<string, string | undefined>>;
};

const version = "1.0.0";
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
 * The method as the client means it: "If the X-HTTP-Method-Override header is present, its value MUST be
 * interpreted as the request's method" (tus 1.0, X-HTTP-Method-Override).
 */
export function effectiveMethod(method: string, override: string | undefined): string {
  return override === undefined ? method : override.trim().toUpperCase();
}

/**
 * Checks a request in the order of the specification, before anything is looked up. @tus/server checks too, but
 * with status codes that are off the specification and without saying which field is wrong.
 *
 * @returns Upload-Offset of a PATCH, otherwise null
 * @throws AppError method_not_allowed, unsupported_version, unsupported_media_type, invalid_input, length_invalid, too_large
 */
export function checkTusRequest(request: TusRequest, maxBytes: number): number | null {
  const { method, headers } = request;
  const allowed = request.uploadId === null ? endpointMethods : uploadMethods;
  if (!allowed.includes(method)) throw new AppError("method_not_allowed", `Use ${allowed.join(", ")} here.`);
  if (method === "OPTIONS") return null;
  // "If the version specified by the Client is not supported by the Server, it MUST respond with the 412
  // Precondition Failed status and MUST include the Tus-Version header" (Tus-Resumable).
  if (headers["tus-resumable"] !== version)
    throw new AppError("unsupported_version", `Send Tus-Resumable: ${version}.`, { field: "Tus-Resumable" });
  if (method === "POST") checkCreation(headers, maxBytes);
  return method === "PATCH" ? checkPatch(headers, maxBytes) : null;
}

function checkPatch(headers: TusRequest["headers"], maxBytes: number): number {
  // "All PATCH requests MUST use Content-Type: application/offset+octet-stream, otherwise the server SHOULD
  // return a 415 Unsupported Media Type status" (PATCH).
  if (headers["content-type"]?.trim().toLowerCase() !== bodyType)
    throw new AppError("unsupported_media_type", `Send Content-Type: ${bodyType}.`, { field: "Content-Type" });
  const offset = headers["upload-offset"];
  if (offset === undefined)
    throw new AppError("invalid_input", "Send Upload-Offset, the number of bytes that are here already.", {
      field: "Upload-Offset",
    });
  const length = headers["upload-length"];
  if (length !== undefined) checkLength(length, maxBytes);
  return wholeNumber(offset, "Upload-Offset");
}

function checkCreation(headers: TusRequest["headers"], maxBytes: number): void {
  if (headers["upload-concat"] !== undefined)
    throw new AppError("invalid_input", "Concatenation is not offered: send the recording as one upload.", {
      field: "Upload-Concat",
    });
  const { "upload-length": length, "upload-defer-length": deferred } = headers;
  if ((length === undefined) === (deferred === undefined))
    throw new AppError("length_invalid", "Send either Upload-Length or Upload-Defer-Length: 1.", {
      field: "Upload-Length",
    });
  // "Its value MUST be 1" (Upload-Defer-Length).
  if (deferred !== undefined && deferred !== "1")
    throw new AppError("length_invalid", "Upload-Defer-Length must be 1.", { field: "Upload-Defer-Length" });
  if (length !== undefined) checkLength(length, maxBytes);
}

function checkLength(text: string, maxBytes: number): void {
  if (wholeNumber(text, "Upload-Length") > maxBytes)
    throw new AppError("too_large", `This archive takes files of at most ${maxBytes} bytes.`, {
      field: "Upload-Length",
    });
}
