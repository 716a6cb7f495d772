import { createHash } from "node:crypto";
import { type FileClass, fileClasses, parseSha256Hex, type Sha256Hex } from "../../lib/protocol/index.ts";
import type { FileIdentity } from "../file-identity.ts";

/** How far a file has come. `gone`: a signed statement says that it will not come. */
export const filePhases = ["described", "sending", "delivered", "sealed", "quarantined", "refused", "gone"] as const;
export type FilePhase = (typeof filePhases)[number];

/** A file beside a recording that travels with it. */
export type SidecarNote = {
  name: string;
  /** Absolute path. */
  file: string;
  sizeBytes: number;
  sha256: Sha256Hex;
  isDelivered: boolean;
  /** It cannot be brought, and stays on the disk for good. */
  isLeft: boolean;
};

/** What is remembered of one file for one server. Only a cache: without it, the file is described and sent anew. */
export type FileRecord = {
  /** Absolute path. */
  file: string;
  /** The archive's address. */
  server: string;
  identity: FileIdentity;
  sha256: Sha256Hex;
  chunkSizeBytes: number;
  mediaType: string;
  class: FileClass;
  /** ISO 8601; null: not known. */
  capturedFrom: string | null;
  /** Of the manifest in `manifests/` that describes it; null: it is announced without one. */
  sequence: number | null;
  manifestSha256: Sha256Hex | null;
  sidecars: SidecarNote[];
  /** Null until the archive has made the upload. */
  uploadUrl: string | null;
  /** Null until the archive has named it. */
  recording: string | null;
  /** The highest offset that the archive has acknowledged for this upload. */
  acknowledgedBytes: number;
  phase: FilePhase;
  /** For how long the uploader had run, all in all, when the file was found; null: nobody noted it. */
  foundAtRunMs: number | null;
  /** For how long the uploader had run, all in all, when a valid receipt was kept; null: none is here. */
  receiptedAtRunMs: number | null;
  /** The local file was deleted by us. */
  isDeleted: boolean;
  /**
   * For how long the uploader had run, all in all, when the local file was found to be gone: from then on the record is
   * a trace, and is forgotten some time later. Null: the file is there, as far as is known.
   */
  goneAtRunMs: number | null;
  /** Why it waits or failed, for people. */
  problem: string | null;
  /** ISO 8601, by this device's clock; null: nothing to wait for. */
  retryAt: string | null;
  /** ISO 8601, by this device's clock. */
  updatedAt: string;
};

/** The record as JSON. What is null is left out, as most of a trace is. */
export function encodeRecord(record: FileRecord): string {
  return JSON.stringify(record, (_, value) => value ?? undefined);
}

/** What is kept of a record whose file is gone: who it was, and what became of it. */
export function traceOf(record: FileRecord, goneAtRunMs: number): FileRecord {
  const forgotten = { manifestSha256: null, sidecars: [], uploadUrl: null, problem: null, retryAt: null };
  return { ...record, ...forgotten, goneAtRunMs };
}

/** Reads a record from JSON, also of an earlier version; null when it is none. */
export function readRecord(value: unknown): FileRecord | null {
  try {
    return recordIn(asFields(value));
  } catch {
    return null;
  }
}

/** Reads a file of the folder that held a file for each record; null when it is damaged, cut off or something else. */
export function decodeOldRecord(text: string): FileRecord | null {
  const [head, body, ...rest] = text.split("\n");
  if (head === undefined || body === undefined || rest.join("") !== "") return null;
  try {
    const { version, digest } = asFields(JSON.parse(head));
    const isWhole = version === 1 && digest === createHash("sha256").update(body).digest("hex");
    return isWhole ? readRecord(JSON.parse(body)) : null;
  } catch {
    return null;
  }
}

type Fields = Record<string, unknown>;

function asFields(value: unknown): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new TypeError("not an object");
  return { ...value };
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== "string") throw new TypeError(`${name} is no text`);
  return value;
}

function textOrNull(fields: Fields, name: string): string | null {
  return fields[name] == null ? null : text(fields, name);
}

function count(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw new TypeError(`${name} is no count`);
  return value;
}

function finite(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== "number" || !Number.isFinite(value)) throw new TypeError(`${name} is no number`);
  return value;
}

function sha256(value: unknown): Sha256Hex {
  const parsed = typeof value === "string" ? parseSha256Hex(value) : null;
  if (parsed === null) throw new TypeError("no SHA-256");
  return parsed;
}

function sidecarIn(value: unknown): SidecarNote {
  const fields = asFields(value);
  const { isDelivered, isLeft } = fields;
  const digest = sha256(fields.sha256);
  const [name, file] = [text(fields, "name"), text(fields, "file")];
  const facts = { name, file, sizeBytes: count(fields, "sizeBytes"), sha256: digest };
  return { ...facts, isDelivered: isDelivered === true, isLeft: isLeft === true };
}

function recordIn(fields: Fields): FileRecord {
  const identity = asFields(fields.identity);
  const phase = filePhases.find((known) => known === fields.phase);
  if (phase === undefined) throw new TypeError("not a record");
  return {
    file: text(fields, "file"),
    server: text(fields, "server"),
    identity: {
      sizeBytes: count(identity, "sizeBytes"),
      modifiedMs: finite(identity, "modifiedMs"),
      changedMs: finite(identity, "changedMs"),
      inode: finite(identity, "inode"),
    },
    sha256: sha256(fields.sha256),
    chunkSizeBytes: count(fields, "chunkSizeBytes"),
    mediaType: text(fields, "mediaType"),
    class: fileClasses.find((known) => known === fields.class) ?? "bulk",
    capturedFrom: textOrNull(fields, "capturedFrom"),
    sequence: fields.sequence == null ? null : count(fields, "sequence"),
    manifestSha256: fields.manifestSha256 == null ? null : sha256(fields.manifestSha256),
    sidecars: Array.isArray(fields.sidecars) ? fields.sidecars.map(sidecarIn) : [],
    uploadUrl: textOrNull(fields, "uploadUrl"),
    recording: textOrNull(fields, "recording"),
    acknowledgedBytes: count(fields, "acknowledgedBytes"),
    phase,
    foundAtRunMs: fields.foundAtRunMs == null ? null : finite(fields, "foundAtRunMs"),
    receiptedAtRunMs: fields.receiptedAtRunMs == null ? null : finite(fields, "receiptedAtRunMs"),
    isDeleted: fields.isDeleted === true,
    goneAtRunMs: fields.goneAtRunMs == null ? null : finite(fields, "goneAtRunMs"),
    problem: textOrNull(fields, "problem"),
    retryAt: textOrNull(fields, "retryAt"),
    updatedAt: text(fields, "updatedAt"),
  };
}
