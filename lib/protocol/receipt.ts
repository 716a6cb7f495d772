import type { KeyObject } from "node:crypto";
import { z } from "zod";
import { canonicalJson, parseCanonicalJson } from "./canonical-json.ts";
import { opensMember, parseCustodyLeaf } from "./custody-leaf.ts";
import { decodeJws, signJws, verifyJws } from "./jws.ts";
import { type ArchiveKey, noteKeysOf } from "./key-set.ts";
import { leafHash } from "./merkle.ts";
import { ProtocolError } from "./protocol-error.ts";
import { verifyTlogProof } from "./tlog-proof.ts";

/** Media type of a receipt (RFC 7515, section 9.2.1). */
export const receiptMediaType = "application/jose";
/** `typ` in the header of a receipt, so that nothing else that is signed can be passed off as one. */
const receiptType = "strongroom-receipt";

const sha256Text = z.string().regex(/^[0-9a-f]{64}$/);
/** What is signed. */
export const receiptSchema = z.strictObject({
  type: z.literal("strongroom.receipt.v1"),
  recording: z.string(),
  device: z.string(),
  /** Of the device's manifests; null: it announced the recording without one. */
  sequence: z.number().int().nonnegative().nullable(),
  manifestSha256: sha256Text.nullable(),
  sha256: sha256Text,
  sizeBytes: z.number().int().nonnegative(),
  /** Who computed the SHA-256 first: `device` declared it, or `archive` computed it while receiving. */
  digestOriginator: z.enum(["device", "archive"]),
  receivedAt: z.iso.datetime(),
  sealedAt: z.iso.datetime(),
  issuedAt: z.iso.datetime(),
  /** Where the bytes are: `file` is one copy on the archive's own storage. */
  storageClass: z.string(),
  /** The custody event of the sealing, and proof that the log holds it. */
  log: z.strictObject({
    origin: z.string(),
    index: z.number().int().nonnegative(),
    /** Text of the leaf; its UTF-8 bytes are what the tree holds. */
    leaf: z.string(),
    /** Opens the leaf's `details`; null: the event has none. */
    details: z.strictObject({ salt: sha256Text, value: z.unknown() }),
    /** https://c2sp.org/tlog-proof, with the checkpoint. */
    proof: z.string(),
  }),
});

/** The archive's signed word that it has verified and sealed a recording. */
export type Receipt = z.infer<typeof receiptSchema>;

/** Signs a receipt: canonical JSON in a compact JWS. */
export function signReceipt(receipt: Receipt, key: KeyObject, kid: string): string {
  return signJws(Buffer.from(canonicalJson(receiptSchema.parse(receipt))), key, { kid, typ: receiptType });
}

/** Reads a receipt without checking anything, to show it. */
export function readReceipt(jws: string): { kid: string; receipt: Receipt } {
  const { header, payload } = decodeJws(jws);
  return { kid: header.kid ?? "", receipt: parseReceipt(payload) };
}

function parseReceipt(payload: Buffer): Receipt {
  const parsed = receiptSchema.safeParse(parseCanonicalJson(textOf(payload)));
  if (!parsed.success) throw new ProtocolError("What is signed is not a receipt.");
  return parsed.data;
}

/** Strict, or bytes that are no UTF-8 would all read the same. */
function textOf(payload: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload);
  } catch {
    throw new ProtocolError("What is signed is not UTF-8.");
  }
}

/** What was found to be right with a receipt. */
export type VerifiedReceipt = { receipt: Receipt; key: ArchiveKey; checkpointSize: number; logKey: ArchiveKey };

/**
 * Checks a receipt against an archive's published keys, with nothing else: its signature; that its log holds the
 * sealing of this recording with this digest; that the log's checkpoint is signed.
 *
 * @throws ProtocolError that says what is wrong
 */
export function verifyReceipt(jws: string, keys: readonly ArchiveKey[]): VerifiedReceipt {
  const { header } = decodeJws(jws);
  const key = keys.find((candidate) => candidate.kid === header.kid && candidate.purpose === "receipt");
  if (key === undefined) throw new ProtocolError("It is signed by a key that this archive does not publish.");
  const receipt = parseReceipt(verifyJws(jws, key.jwk, receiptType).payload);
  if (key.retiredAt !== null && new Date(receipt.issuedAt) > key.retiredAt) {
    throw new ProtocolError("It is signed by a key that had stopped signing.");
  }
  verifySealing(receipt);
  const noteKeys = noteKeysOf(keys);
  const found = verifyTlogProof(receipt.log.proof, leafHash(Buffer.from(receipt.log.leaf)), noteKeys);
  if (found.index !== receipt.log.index || found.checkpoint.origin !== receipt.log.origin) {
    throw new ProtocolError("Its proof is of another place in the log.");
  }
  const logKey = keys.find((candidate) => candidate.purpose === "log" && candidate.jwk.x === found.signedBy.jwk.x);
  if (logKey === undefined) throw new ProtocolError("Its checkpoint is signed by a key that is not published.");
  return { receipt, key, checkpointSize: found.checkpoint.size, logKey };
}

/** The leaf must be the sealing of this recording, and what the event says of it the same as the receipt. */
function verifySealing(receipt: Receipt): void {
  const leaf = parseCustodyLeaf(receipt.log.leaf);
  if (leaf.action !== "recording.sealed" || leaf.outcome !== "done" || leaf.recordingId !== receipt.recording) {
    throw new ProtocolError("Its custody event is not the sealing of this recording.");
  }
  const { details } = receipt.log;
  if (!opensMember(leaf, "details", { salt: details.salt, value: details.value })) {
    throw new ProtocolError("The details of its custody event are not those that the log holds.");
  }
  const said = z
    .object({ sha256: z.string(), sizeBytes: z.number() })
    .partial()
    .safeParse(details.value ?? {});
  // Old events say nothing of the bytes; what says something must say it readably.
  const { sha256, sizeBytes } = said.data ?? { sha256: "" };
  if ((sha256 ?? receipt.sha256) !== receipt.sha256 || (sizeBytes ?? receipt.sizeBytes) !== receipt.sizeBytes) {
    throw new ProtocolError("Its custody event is about other bytes.");
  }
}
