import { readCaptureTime } from "./capture-time.ts";
import { defaultChunkSizeBytes, maxChunkSizeBytes, minChunkSizeBytes } from "./chunk-grid.ts";
import { parseSha256Hex, type Sha256Hex } from "./digest.ts";
import { fileNameProblem, hasUnprintable } from "./file-name.ts";

/** Longest Upload-Metadata header that is read, in bytes. */
const maxMetadataHeaderBytes = 96 * 1024;
/** Longest free-form JSON, in bytes. */
const maxFreeMetadataBytes = 64 * 1024;
/** Deepest nesting of free-form JSON; what is deeper some reader's stack cannot hold. */
const maxFreeMetadataLevels = 32;

/** A JSON value, as free-form metadata may hold. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** What a device says about a recording before its first byte. Times are its own clock's. */
export type CaptureMetadata = {
  fileName: string;
  /** Lower case, without parameters. */
  mediaType: string;
  sha256: Sha256Hex | null;
  capturedFrom: Date | null;
  capturedUntil: Date | null;
  /** Camera or view. */
  source: string | null;
  /** The operator's element id. */
  alias: string | null;
  place: string | null;
  /** Free-form, for other programs. */
  free: { [key: string]: JsonValue } | null;
  chunkSizeBytes: number;
};

/** A value of Upload-Metadata that cannot be taken; names the key, so that the sender can mend it. */
export class MetadataError extends Error {
  readonly key: string;

  constructor(key: string, problem: string) {
    super(`Upload-Metadata: ${key} ${problem}.`);
    this.name = "MetadataError";
    this.key = key;
  }
}

/**
 * Splits an Upload-Metadata header into decoded values (tus 1.0, Creation, Upload-Metadata): comma-separated
 * pairs of a non-empty ASCII key without space or comma and a Base64 value; a value may be left out; keys are
 * unique.
 *
 * @throws MetadataError
 */
export function decodeMetadataHeader(header: string): Map<string, string> {
  const values = new Map<string, string>();
  if (header.trim() === "") return values;
  if (header.length > maxMetadataHeaderBytes)
    throw new MetadataError("header", `must not be longer than ${maxMetadataHeaderBytes} bytes`);
  for (const pair of header.split(",")) {
    const [key = "", encoded = "", ...rest] = pair.trim().split(" ");
    if (!/^[\x21-\x2b\x2d-\x7e]{1,100}$/.test(key))
      throw new MetadataError("header", "has an empty, too long or non-ASCII key");
    if (rest.length > 0) throw new MetadataError(key, "must be one key and one value, separated by one space");
    if (values.has(key)) throw new MetadataError(key, "stands twice");
    if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(encoded))
      throw new MetadataError(key, "must be Base64");
    const bytes = Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0));
    try {
      values.set(key, new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    } catch {
      throw new MetadataError(key, "must be UTF-8 text");
    }
  }
  return values;
}

/** Joins values into an Upload-Metadata header; the inverse of decodeMetadataHeader. */
export function encodeMetadataHeader(values: Iterable<[string, string]>): string {
  return Array.from(values, ([key, value]) => {
    const binary = Array.from(new TextEncoder().encode(value), (byte) => String.fromCharCode(byte)).join("");
    return binary === "" ? key : `${key} ${btoa(binary)}`;
  }).join(",");
}

function readTime(key: string, text: string | undefined): Date | null {
  if (text === undefined || text === "") return null;
  const time = readCaptureTime(text);
  if (typeof time === "string") throw new MetadataError(key, time);
  return time;
}

function readText(key: string, text: string | undefined, maxLength: number): string | null {
  if (text === undefined || text.trim() === "") return null;
  const trimmed = text.trim();
  if (trimmed.length > maxLength) throw new MetadataError(key, `must not be longer than ${maxLength} characters`);
  if (hasUnprintable(trimmed)) throw new MetadataError(key, "must not contain control or text-direction characters");
  return trimmed;
}

function readFree(text: string | undefined): CaptureMetadata["free"] {
  if (text === undefined || text === "") return null;
  if (text.length > maxFreeMetadataBytes)
    throw new MetadataError("metadata", `must not be longer than ${maxFreeMetadataBytes} bytes`);
  // PostgreSQL's jsonb has no NUL, and a text with one is nobody's honest metadata.
  if (text.includes("\u0000") || text.includes("\\u0000")) throw new MetadataError("metadata", "must not contain NUL");
  const value = parseJson(text);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new MetadataError("metadata", "must be a JSON object");
  if (!isStorable(value, maxFreeMetadataLevels))
    throw new MetadataError(
      "metadata",
      `must be whole characters and not be nested deeper than ${maxFreeMetadataLevels} levels`,
    );
  return value;
}

function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Escapes such as \ud800 alone make half a character, which PostgreSQL's jsonb refuses. */
function isStorable(value: JsonValue, levels: number): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.entries(value).every(([key, part]) => key.isWellFormed() && isStorable(part, levels - 1));
}

/**
 * Reads what a device declares from decoded Upload-Metadata values. Keys: filename, filetype, sha256,
 * captured_from, captured_until, source, alias, place, metadata, chunk_size. Unknown keys are ignored (they stay
 * in the stored header). Any tus client works: only filename falls back to "recording" when it is missing.
 *
 * @throws MetadataError naming the key
 */
export function readCaptureMetadata(values: ReadonlyMap<string, string>): CaptureMetadata {
  const fileName = values.get("filename") ?? values.get("name") ?? "recording";
  const nameProblem = fileNameProblem(fileName);
  if (nameProblem !== null) throw new MetadataError("filename", nameProblem);

  const declaredType = values.get("filetype") ?? values.get("type") ?? "";
  const mediaType = (declaredType.split(";")[0] ?? "").trim().toLowerCase() || "application/octet-stream";
  if (!/^[a-z0-9!#$&^_.+-]{1,100}\/[a-z0-9!#$&^_.+-]{1,100}$/.test(mediaType))
    throw new MetadataError("filetype", "must be a media type, as in video/mp4");

  const declaredSha256 = values.get("sha256");
  const sha256 = declaredSha256 === undefined ? null : parseSha256Hex(declaredSha256);
  if (declaredSha256 !== undefined && sha256 === null)
    throw new MetadataError("sha256", "must be 64 hexadecimal digits");

  const capturedFrom = readTime("captured_from", values.get("captured_from"));
  const capturedUntil = readTime("captured_until", values.get("captured_until"));
  if (capturedFrom !== null && capturedUntil !== null && capturedUntil < capturedFrom)
    throw new MetadataError("captured_until", "must not lie before captured_from");
  if (capturedFrom === null && capturedUntil !== null)
    throw new MetadataError("captured_from", "must be given when captured_until is");

  const chunkSizeText = values.get("chunk_size");
  const chunkSizeBytes = chunkSizeText === undefined ? defaultChunkSizeBytes : Number(chunkSizeText);
  if (!Number.isInteger(chunkSizeBytes) || chunkSizeBytes < minChunkSizeBytes || chunkSizeBytes > maxChunkSizeBytes)
    throw new MetadataError("chunk_size", `must be a whole number from ${minChunkSizeBytes} to ${maxChunkSizeBytes}`);

  return {
    fileName,
    mediaType,
    sha256,
    capturedFrom,
    capturedUntil,
    source: readText("source", values.get("source"), 100),
    alias: readText("alias", values.get("alias"), 100),
    place: readText("place", values.get("place"), 300),
    free: readFree(values.get("metadata")),
    chunkSizeBytes,
  };
}

/** Writes what a device declares as Upload-Metadata values; the inverse of readCaptureMetadata. */
export function writeCaptureMetadata(capture: CaptureMetadata): Map<string, string> {
  const values = new Map([
    ["filename", capture.fileName],
    ["filetype", capture.mediaType],
    ["chunk_size", String(capture.chunkSizeBytes)],
  ]);
  if (capture.sha256 !== null) values.set("sha256", capture.sha256);
  if (capture.capturedFrom !== null) values.set("captured_from", capture.capturedFrom.toISOString());
  if (capture.capturedUntil !== null) values.set("captured_until", capture.capturedUntil.toISOString());
  if (capture.source !== null) values.set("source", capture.source);
  if (capture.alias !== null) values.set("alias", capture.alias);
  if (capture.place !== null) values.set("place", capture.place);
  if (capture.free !== null) values.set("metadata", JSON.stringify(capture.free));
  return values;
}
