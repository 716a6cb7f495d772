import { createHash } from "node:crypto";
import { parseSha256Hex, type Sha256Hex } from "../../lib/protocol/index.ts";
import type { FileIdentity } from "../file-identity.ts";

/** How far a file has come. */
const filePhases = ["described", "sending", "delivered", "sealed", "quarantined", "refused"] as const;
export type FilePhase = (typeof filePhases)[number];

/** What is remembered of one file for one server. Only a cache: without it, the file is described and sent anew. */
export type FileRecord = {
  /** Absolute path. */
  file: string;
  /** The archive's address. */
  server: string;
  identity: FileIdentity;
  sha256: Sha256Hex;
  chunkSizeBytes: number;
  chunkSha256: Sha256Hex[];
  mediaType: string;
  /** Null until the archive has made the upload. */
  uploadUrl: string | null;
  /** Null until the archive has named it. */
  recording: string | null;
  /** The highest offset that the archive has acknowledged for this upload. */
  acknowledgedBytes: number;
  phase: FilePhase;
  /** Why it waits or failed, for people. */
  problem: string | null;
  /** ISO 8601, by this device's clock; null: nothing to wait for. */
  retryAt: string | null;
  /** ISO 8601, by this device's clock. */
  updatedAt: string;
};

const formatVersion = 1;

/** Writes a record as one line of JSON, with a digest that shows whether it is whole. */
export function encodeRecord(record: FileRecord): string {
  const body = JSON.stringify(record);
  return `${JSON.stringify({ version: formatVersion, digest: digestOf(body) })}\n${body}\n`;
}

/** Reads a record back; null when it is damaged, cut off or of another version. */
export function decodeRecord(text: string): FileRecord | null {
  const [head, body, ...rest] = text.split("\n");
  if (head === undefined || body === undefined || rest.join("") !== "") return null;
  try {
    const { version, digest } = asFields(JSON.parse(head));
    if (version !== formatVersion || digest !== digestOf(body)) return null;
    return readRecord(asFields(JSON.parse(body)));
  } catch {
    return null;
  }
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
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
  return fields[name] === null ? null : text(fields, name);
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

function readRecord(fields: Fields): FileRecord {
  const identity = asFields(fields.identity);
  const phase = filePhases.find((known) => known === fields.phase);
  if (phase === undefined || !Array.isArray(fields.chunkSha256)) throw new TypeError("not a record");
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
    chunkSha256: fields.chunkSha256.map(sha256),
    mediaType: text(fields, "mediaType"),
    uploadUrl: textOrNull(fields, "uploadUrl"),
    recording: textOrNull(fields, "recording"),
    acknowledgedBytes: count(fields, "acknowledgedBytes"),
    phase,
    problem: textOrNull(fields, "problem"),
    retryAt: textOrNull(fields, "retryAt"),
    updatedAt: text(fields, "updatedAt"),
  };
}
