import { AppError } from "../errors.ts";
import { decodeMetadataHeader, encodeMetadataHeader, MetadataError, safeFileName } from "../protocol/index.ts";
import type { BodyCheck } from "./checksum.ts";
import { contentDigestOf, reprSha256Of } from "./digest-fields.ts";
import { parseBoolean, parseWholeNumber } from "./structured-fields.ts";
import type { TusRequest } from "./tus-request.ts";

// Resumable Uploads for HTTP, draft-ietf-httpbis-resumable-upload-11 and the editors' copy after it. Quotes are from
// there, with the section in brackets.

/** "The current interop version is 8" (Draft Version Identification). */
export const interopVersion = "8";

/** "The `application/partial-upload` media type describes a contiguous block from the representation data". */
export const partialUploadType = "application/partial-upload";

/** Methods of an upload resource, and of the address where uploads are created. */
const uploadMethods = ["HEAD", "PATCH", "DELETE", "OPTIONS"];
const creationMethods = ["POST", "OPTIONS"];

type Headers = TusRequest["headers"];

/**
 * Whether a request speaks the draft and not tus: it does not name tus, and has a field of the draft. "Client
 * implementations of draft versions of the protocol MUST send a header field Upload-Draft-Interop-Version".
 */
export function isHttpUpload({ method, headers }: TusRequest): boolean {
  if (method === "OPTIONS" || headers["tus-resumable"] !== undefined) return false;
  const isMarked = headers["upload-draft-interop-version"] !== undefined || headers["upload-complete"] !== undefined;
  return isMarked || mediaTypeOf(headers) === partialUploadType;
}

/** A Content-Type without its parameters. */
function mediaTypeOf(headers: Headers): string | null {
  return headers["content-type"]?.split(";")[0]?.trim().toLowerCase() ?? null;
}

/** What a request of the draft says. */
export type HttpUploadStatement = {
  /** Upload-Complete; null: no body is to be appended. */
  completes: boolean;
  /** Upload-Offset of a PATCH. */
  offsetBytes: number;
  /** Upload-Length. */
  lengthBytes: number | null;
  /** Content-Length; null: chunked, so not known before the end. */
  contentBytes: number | null;
  /** What the body must be. */
  contentDigest: BodyCheck | null;
  /** Of the whole file, in hexadecimal digits. */
  reprSha256: string | null;
  /** Interim responses are understood, in this version. */
  takesInterim: boolean;
};

/**
 * Checks a request of the draft before anything is looked up.
 *
 * @throws AppError method_not_allowed, unsupported_media_type, invalid_input, digest_invalid, digest_unsupported, too_large
 */
export function checkHttpUpload(request: TusRequest): HttpUploadStatement {
  const { method, uploadId, headers } = request;
  const allowed = uploadId === null ? creationMethods : uploadMethods;
  if (!allowed.includes(method)) throw new AppError("method_not_allowed", `Use ${allowed.join(", ")} here.`);
  const isAppend = method === "PATCH";
  const hasBody = isAppend || method === "POST";
  if (isAppend && mediaTypeOf(headers) !== partialUploadType)
    throw new AppError("unsupported_media_type", `Send Content-Type: ${partialUploadType}.`, { field: "Content-Type" });
  if (hasBody) refuseCoding(headers);
  const completes = parseBoolean(headers["upload-complete"]);
  // "Other values MUST cause the entire header field to be ignored", and then it is missing (Completeness).
  if (hasBody && completes === null)
    throw new AppError("invalid_input", "Send Upload-Complete: ?1 or ?0.", { field: "Upload-Complete" });
  const offsetBytes = parseWholeNumber(headers["upload-offset"]);
  if (isAppend && offsetBytes === null)
    throw new AppError("invalid_input", "Send Upload-Offset, the number of bytes that are here already.", {
      field: "Upload-Offset",
    });
  return {
    completes: completes === true,
    offsetBytes: offsetBytes ?? 0,
    lengthBytes: parseWholeNumber(headers["upload-length"]),
    contentBytes: headers["transfer-encoding"] === undefined ? Number(headers["content-length"] ?? 0) : null,
    contentDigest: hasBody ? contentDigestOf(headers) : null,
    reprSha256: hasBody ? reprSha256Of(headers) : null,
    takesInterim: headers["upload-draft-interop-version"] === interopVersion,
  };
}

/** "the content codings are retained throughout the entire upload" (Content Codings): evidence would stay packed. */
function refuseCoding(headers: Headers): void {
  const coding = headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  if (coding !== "identity")
    throw new AppError("unsupported_media_type", "Send the file as it is, without a Content-Encoding.", {
      field: "Content-Encoding",
    });
}

/** Fields of the refusal of a method. */
export function allowOf({ uploadId }: TusRequest): string {
  return (uploadId === null ? creationMethods : uploadMethods).join(", ");
}

/**
 * The length that a request indicates, in one of two ways or in both: "If indicators (1) and (2) are both present in
 * the same request, their indicated lengths MUST match" (Length).
 *
 * @throws AppError length_invalid
 */
export function indicatedLength(stated: HttpUploadStatement): number | null {
  const { completes, offsetBytes, lengthBytes, contentBytes } = stated;
  const remainder = completes && contentBytes !== null ? offsetBytes + contentBytes : null;
  if (remainder !== null && lengthBytes !== null && remainder !== lengthBytes)
    throw inconsistentLength("Upload-Length is not what Upload-Offset and Content-Length add up to.");
  return remainder ?? lengthBytes;
}

/** The problem of lengths that contradict each other (Inconsistent Length). */
export function inconsistentLength(message: string): AppError {
  return new AppError("length_invalid", message, {
    field: "Upload-Length",
    problem: { type: "https://iana.org/assignments/http-problem-types#inconsistent-upload-length" },
  });
}

/**
 * What a creation says of its recording, as Upload-Metadata: "The `Content-Type` header field indicates the media type
 * of the representation", "The `Content-Disposition` header field can be used to transmit a filename" (Upload Creation),
 * Repr-Digest its SHA-256. Upload-Metadata itself may come too, and counts more.
 *
 * @throws AppError metadata_invalid, invalid_input when two digests are declared
 */
export function metadataOf({ headers }: TusRequest, reprSha256: string | null): string | null {
  let values: Map<string, string>;
  try {
    values = decodeMetadataHeader(headers["upload-metadata"] ?? "");
  } catch (error) {
    if (!(error instanceof MetadataError)) throw error;
    throw new AppError("metadata_invalid", error.message, { field: error.key });
  }
  const fileName = fileNameOf(headers["content-disposition"] ?? "");
  if (fileName !== null && !values.has("filename") && !values.has("name")) values.set("filename", fileName);
  const mediaType = mediaTypeOf(headers);
  const isDescribed = mediaType !== null && mediaType !== partialUploadType;
  if (isDescribed && !values.has("filetype") && !values.has("type")) values.set("filetype", mediaType);
  const declared = values.get("sha256");
  if (reprSha256 !== null && declared !== undefined && declared.toLowerCase() !== reprSha256)
    throw new AppError("invalid_input", "Repr-Digest and sha256 in Upload-Metadata differ.", { field: "Repr-Digest" });
  if (reprSha256 !== null) values.set("sha256", reprSha256);
  return values.size === 0 ? null : encodeMetadataHeader(values);
}

/** `filename*` before `filename` (RFC 6266, 4.3), without folders; null: none that can be read. */
function fileNameOf(disposition: string): string | null {
  const [, extended] = /;\s*filename\*\s*=\s*UTF-8'[^']*'([^;\s]+)/i.exec(disposition) ?? [];
  const [, quoted, token] = /;\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s"]+))/i.exec(disposition) ?? [];
  try {
    const name = extended === undefined ? (quoted?.replaceAll(/\\(.)/g, "$1") ?? token) : decodeURIComponent(extended);
    return name === undefined || name === "" ? null : safeFileName(name);
  } catch {
    return null;
  }
}
