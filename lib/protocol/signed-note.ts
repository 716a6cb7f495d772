import { createHash, type KeyObject, sign, verify } from "node:crypto";
import { type Ed25519Jwk, ed25519Bytes, ed25519JwkOf, ed25519PublicKey } from "./jwk.ts";
import { ProtocolError } from "./protocol-error.ts";

// Signed notes, https://c2sp.org/signed-note. A text, an empty line, and lines of signatures.

/** A public key under its name in notes. */
export type NoteKey = { name: string; jwk: Ed25519Jwk };

/** Signature type identifier byte of plain Ed25519. */
const ed25519Type = 0x01;
/** More than the 16 signatures that a reader must accept, each as long as the largest known. */
const maxNoteChars = 128 * 1024;

/** `SHA-256(key name || 0x0A || signature type || public key)[:4]` */
function keyIdOf({ name, jwk }: NoteKey): Buffer {
  const hash = createHash("sha256").update(`${name}\n`).update(Buffer.of(ed25519Type)).update(ed25519Bytes(jwk));
  return hash.digest().subarray(0, 4);
}

/** The key as programs for transparency logs take it: name, key id and key, with plus signs between. */
export function verifierKey(key: NoteKey): string {
  const bytes = Buffer.concat([Buffer.of(ed25519Type), ed25519Bytes(key.jwk)]);
  return `${key.name}+${keyIdOf(key).toString("hex")}+${bytes.toString("base64")}`;
}

/** Whether a text can be the name of a key: not empty, no space and no plus. */
export function isNoteKeyName(name: string): boolean {
  return /^[^\s+\p{Cc}]+$/u.test(name) && name.isWellFormed();
}

/** Signs a text that ends in a newline. */
export function signNote(text: string, name: string, key: KeyObject): string {
  if (!text.endsWith("\n") || !isNoteText(text)) throw new ProtocolError("It cannot be the text of a note.");
  if (!isNoteKeyName(name)) throw new ProtocolError("It cannot be the name of a key.");
  const id = keyIdOf({ name, jwk: ed25519JwkOf(key) });
  const signature = Buffer.concat([id, sign(null, Buffer.from(text), key)]);
  return `${text}\n\u2014 ${name} ${signature.toString("base64")}\n`;
}

/**
 * The text of a note that at least one of the keys signed. Signatures of other keys are ignored; a wrong one by a key
 * that we know refuses the note.
 */
export function openNote(note: string, keys: readonly NoteKey[]): { text: string; signedBy: NoteKey } {
  // "the text is separated from the signatures by the last empty line in the note"
  const end = note.lastIndexOf("\n\n");
  if (end === -1 || note.length > maxNoteChars || !note.endsWith("\n") || !isNoteText(note)) {
    throw new ProtocolError("It is not a signed note.");
  }
  const text = note.slice(0, end + 1);
  let signedBy: NoteKey | null = null;
  for (const line of note.slice(end + 2, -1).split("\n")) {
    const { name, id, signature } = readSignature(line);
    const key = keys.find((candidate) => candidate.name === name && keyIdOf(candidate).equals(id));
    if (key === undefined) continue;
    if (!verify(null, Buffer.from(text), ed25519PublicKey(key.jwk), signature)) {
      throw new ProtocolError(`The signature of ${name} is wrong.`);
    }
    signedBy ??= key;
  }
  if (signedBy === null) throw new ProtocolError("None of its signatures is by a key that we know.");
  return { text, signedBy };
}

function readSignature(line: string): { name: string; id: Buffer; signature: Buffer } {
  const found = /^\u2014 (\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(line);
  const bytes = Buffer.from(found?.[2] ?? "", "base64");
  if (found?.[1] === undefined || bytes.length < 5) throw new ProtocolError("A line of the note is no signature.");
  return { name: found[1], id: bytes.subarray(0, 4), signature: bytes.subarray(4) };
}

/** "MUST be valid UTF-8 and MUST NOT contain any ASCII control characters … other than newline" */
function isNoteText(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: refusing control characters is what it is for
  return text.isWellFormed() && !/[\u0000-\u0009\u000b-\u001f]/.test(text);
}
