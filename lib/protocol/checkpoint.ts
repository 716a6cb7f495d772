import type { KeyObject } from "node:crypto";
import { ProtocolError } from "./protocol-error.ts";
import { type NoteKey, openNote, signNote } from "./signed-note.ts";

// Checkpoints of a log, https://c2sp.org/tlog-checkpoint: a signed note of origin, tree size and root.

/** A log's tree at one size. */
export type Checkpoint = {
  /** Which log it is. */
  origin: string;
  size: number;
  /** 32 bytes. */
  root: Buffer;
};

/** Writes and signs a checkpoint; the key is named like the log. */
export function signCheckpoint(checkpoint: Checkpoint, key: KeyObject): string {
  const { origin, size, root } = checkpoint;
  return signNote(`${origin}\n${size}\n${root.toString("base64")}\n`, origin, key);
}

/** Reads a checkpoint that one of the log's keys signed. */
export function openCheckpoint(note: string, keys: readonly NoteKey[]): Checkpoint & { signedBy: NoteKey } {
  const { text, signedBy } = openNote(note, keys);
  const checkpoint = readCheckpointText(text);
  if (checkpoint.origin !== signedBy.name) throw new ProtocolError("The key belongs to another log.");
  return { ...checkpoint, signedBy };
}

function readCheckpointText(text: string): Checkpoint {
  const [origin = "", sizeText = "", rootText = "", ...extensions] = text.slice(0, -1).split("\n");
  const root = Buffer.from(rootText, "base64");
  const size = Number(sizeText);
  // Lines of extensions are opaque; "if any, MUST be non-empty".
  const isSound =
    origin !== "" &&
    /^(0|[1-9]\d{0,15})$/.test(sizeText) &&
    Number.isSafeInteger(size) &&
    root.length === 32 &&
    root.toString("base64") === rootText &&
    extensions.every((line) => line !== "");
  if (!isSound) throw new ProtocolError("It is not a checkpoint: origin, size and root.");
  return { origin, size, root };
}
