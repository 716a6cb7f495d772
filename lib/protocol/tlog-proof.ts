import { type Checkpoint, openCheckpoint } from "./checkpoint.ts";
import { verifyInclusion } from "./merkle.ts";
import { ProtocolError } from "./protocol-error.ts";
import type { NoteKey } from "./signed-note.ts";

// Proof that something is in a log, checked offline: https://c2sp.org/tlog-proof.

const firstLine = "c2sp.org/tlog-proof@v1";
/** More than any tree of ours can need: it has fewer than 2^53 leaves. */
const maxHashes = 53;

/** Writes a proof: the index of a leaf, its inclusion proof, and the signed checkpoint that it leads to. */
export function formatTlogProof(proof: { index: number; hashes: readonly Uint8Array[]; checkpoint: string }): string {
  const hashes = proof.hashes.map((hash) => `${Buffer.from(hash).toString("base64")}\n`).join("");
  return `${firstLine}\nindex ${proof.index}\n${hashes}\n${proof.checkpoint}`;
}

/** Checks that a leaf is in the tree of a checkpoint that one of the log's keys signed; returns where. */
export function verifyTlogProof(
  text: string,
  leafHash: Uint8Array,
  keys: readonly NoteKey[],
): { index: number; checkpoint: Checkpoint; signedBy: NoteKey } {
  const { index, hashes, note } = readTlogProof(text);
  const { signedBy, ...checkpoint } = openCheckpoint(note, keys);
  if (!verifyInclusion(hashes, { index, size: checkpoint.size, leafHash, root: checkpoint.root })) {
    throw new ProtocolError("The inclusion proof does not lead to the root of the checkpoint.");
  }
  return { index, checkpoint, signedBy };
}

function readTlogProof(text: string): { index: number; hashes: Buffer[]; note: string } {
  const end = text.indexOf("\n\n");
  const lines = text.slice(0, Math.max(end, 0)).split("\n");
  const [first, second = "", ...rest] = lines;
  // Extra data "is not authenticated"; nothing of ours needs it.
  const [indexLine = "", ...hashLines] = second.startsWith("extra ") ? rest : [second, ...rest];
  const index = /^index (0|[1-9]\d{0,15})$/.exec(indexLine)?.[1];
  const hashes = hashLines.map((line) => Buffer.from(line, "base64"));
  const isSound =
    first === firstLine &&
    hashes.length <= maxHashes &&
    hashes.every((hash, at) => hash.length === 32 && hash.toString("base64") === hashLines[at]);
  if (end === -1 || index === undefined || !isSound) throw new ProtocolError("It is not a proof of a log.");
  return { index: Number(index), hashes, note: text.slice(end + 2) };
}
