import { createHash, generateKeyPairSync } from "node:crypto";
import {
  type ArchiveKey,
  custodyLeaf,
  ed25519JwkOf,
  formatKeySet,
  formatTlogProof,
  inclusionProof,
  jwkThumbprint,
  type KeyPurpose,
  type LeafEvent,
  leafHash,
  merkleRoot,
  nodesOf,
  openMember,
  signCheckpoint,
  signReceipt,
} from "../protocol/index.ts";

const origin = "archive.example.org/api/log";
const at = "2026-06-01T08:00:00.000Z";
const index = 4;

function makeKey(purpose: KeyPurpose) {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const jwk = ed25519JwkOf(publicKey);
  const name = purpose === "log" ? origin : null;
  const key: ArchiveKey = {
    kid: jwkThumbprint(jwk),
    purpose,
    jwk,
    name,
    createdAt: new Date(at),
    retiredAt: null,
    endorsement: null,
  };
  return { key, privateKey };
}

type Sealed = { recording: string; sha256: string; sizeBytes: number };

/** What is said of some bytes that nobody sent. */
export function sealedAs(content: Uint8Array): Sealed {
  const sha256 = createHash("sha256").update(content).digest("hex");
  return { recording: "R-7K2M4-0418Q", sha256, sizeBytes: content.length };
}

/** A receipt, and the public keys of the archive that made it, without any archive. */
export function sampleReceipt({ recording, sha256, sizeBytes }: Sealed): {
  jws: string;
  keySet: string;
  keys: ArchiveKey[];
} {
  const [receiptKey, logKey] = [makeKey("receipt"), makeKey("log")];
  const event: LeafEvent = {
    ...{
      seq: "5",
      at: "2026-06-01T08:00:00.000000Z",
      action: "recording.sealed",
      outcome: "done",
      actorKind: "system",
    },
    ...{ recordingId: recording, requestId: null, releaseId: null, deviceId: null, accountId: null },
    ...{ actorId: null, actorName: "recording.seal", actorRole: null, purpose: null, fromAddress: null },
    ...{ userAgent: null, correlationId: "c", details: { sha256, sizeBytes, chunks: 1 } },
  };
  const salt = createHash("sha256").update("salt").digest();
  const leaf = custodyLeaf(event, salt);
  const others = Array.from({ length: 7 }, (_, n) => leafHash(Buffer.of(n)));
  const nodes = nodesOf(others.with(index, leafHash(Buffer.from(leaf))));
  const size = others.length;
  const checkpoint = signCheckpoint({ origin, size, root: merkleRoot(size, nodes) }, logKey.privateKey);
  const proof = formatTlogProof({ index, hashes: inclusionProof(index, size, nodes), checkpoint });
  const receipt = {
    ...{ type: "strongroom.receipt.v1" as const, recording, device: "D-3X9WT-5ZK1A" },
    ...{ sequence: null, manifestSha256: null, sha256, sizeBytes, digestOriginator: "device" as const },
    ...{ receivedAt: at, sealedAt: at, issuedAt: at, storageClass: "file" },
    log: { origin, index, leaf, details: openMember(event, salt, "details"), proof },
  };
  const keys = [receiptKey.key, logKey.key];
  const jws = signReceipt(receipt, receiptKey.privateKey, receiptKey.key.kid);
  return { jws, keys, keySet: JSON.stringify(formatKeySet(keys)) };
}
