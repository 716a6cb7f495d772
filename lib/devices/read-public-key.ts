import { createPublicKey, type KeyObject } from "node:crypto";
import { AppError } from "../errors.ts";
import { type Ed25519Jwk, ed25519JwkOf, parseEd25519Jwk } from "../protocol/index.ts";

/** Longer than any way of writing one key. */
const maxKeyLength = 10_000;

/** Before the 32 bytes of the key in SubjectPublicKeyInfo (RFC 8410, section 4). */
const spkiHead = Buffer.from("302a300506032b6570032100", "hex");
/** Before the 32 bytes of the key in an OpenSSH public key (RFC 8709, section 4). */
const sshHead = Buffer.from("0000000b7373682d6564323535313900000020", "hex");
/** Lengths of what a private Ed25519 key has: PKCS #8, with and without the public key, and NaCl's pair. */
const privateLengths = new Set([48, 83, 64]);

function noKey(): AppError {
  const message = "This is no public Ed25519 key. Send it as PEM, JWK, OpenSSH line, or its 32 bytes in Base64.";
  return new AppError("invalid_input", message, { field: "key" });
}

/** Says nothing of the key: what was sent by mistake must not stay anywhere. */
function privateKey(): AppError {
  const message =
    "This is a private key, which must never leave its device. It was not kept. Make a new pair on the device, as this one was shown, and send the public key only.";
  return new AppError("invalid_input", message, { field: "key" });
}

/**
 * Reads a device's public key in any of the ways that tools write one: PEM (SubjectPublicKeyInfo), JWK, an OpenSSH
 * line, or Base64 or hexadecimal digits of its 32 bytes or of its DER form.
 *
 * @throws AppError invalid_input, in words of their own for a private key
 */
export function readPublicKey(input: unknown): Ed25519Jwk {
  if (typeof input !== "string" || input.trim() === "" || input.length > maxKeyLength) throw noKey();
  const text = input.trim();
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----|PuTTY-User-Key-File/.test(text)) throw privateKey();
  try {
    if (text.startsWith("{")) return readJwk(text);
    if (text.startsWith("-----")) return ed25519JwkOf(createPublicKey(text));
    return readBytes(text);
  } catch (error) {
    throw error instanceof AppError ? error : noKey();
  }
}

function readJwk(text: string): Ed25519Jwk {
  const value: unknown = JSON.parse(text);
  if (typeof value === "object" && value !== null && "d" in value) throw privateKey();
  return checked(parseEd25519Jwk(value));
}

function readBytes(text: string): Ed25519Jwk {
  const [, line = text] = /^ssh-ed25519 +(\S+)/.exec(text) ?? [];
  const bytes = /^[0-9a-f]{64}$/i.test(line) ? Buffer.from(line, "hex") : fromAnyBase64(line);
  if (privateLengths.has(bytes.length)) throw privateKey();
  const head = [spkiHead, sshHead].find((bytesBefore) => bytes.subarray(0, bytesBefore.length).equals(bytesBefore));
  const raw = head === undefined ? bytes : bytes.subarray(head.length);
  if (raw.length !== 32) throw noKey();
  return checked({ kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") });
}

function fromAnyBase64(text: string): Buffer {
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) throw noKey();
  return Buffer.from(text, "base64"); // which reads both alphabets
}

/** Node refuses what is no key at all. */
function checked(jwk: Ed25519Jwk): Ed25519Jwk {
  const key: KeyObject = createPublicKey({ key: { ...jwk }, format: "jwk" });
  return ed25519JwkOf(key);
}
