import { createHash, type KeyObject, randomBytes, randomInt } from "node:crypto";
import { z } from "zod";
import { canonicalJson, parseCanonicalJson } from "./canonical-json.ts";
import { hasUnprintable } from "./file-name.ts";
import { type Ed25519Jwk, ed25519JwkOf, jwkThumbprint, parseEd25519Jwk } from "./jwk.ts";
import { decodeJws, signJws, verifyJws } from "./jws.ts";
import { ProtocolError } from "./protocol-error.ts";

// How a machine that the archive has never seen becomes one of its devices: a person makes a code, and the machine
// shows it together with a proof that it holds the private part of a key of its own.

/** `typ` of an enrolment proof. */
export const enrolmentProofType = "strongroom-enrolment";
/** Before a long code, so that scanners for leaked secrets find it. */
const longCodePrefix = "sre_";
// RFC 8628, 6.1: without vowels, so that no words come about, and without letters that look or sound alike. 8 of them
// are 34.6 bits: enough for a day with a limit on guessing, and no more.
const typedAlphabet = "BCDFGHJKLMNPQRSTVWXZ";
const typedLength = 8;

/** `typed`: 8 letters, to be read out and typed in; `long`: 128 random bits, for files and QR codes. */
export type EnrolmentCodeForm = "typed" | "long";

/** A code as it is compared: without what people add to it. */
export type EnrolmentCode = string & { readonly __enrolmentCode: true };

/** Makes a code. */
export function newEnrolmentCode(form: EnrolmentCodeForm): EnrolmentCode {
  if (form === "long") return `${longCodePrefix}${randomBytes(16).toString("base64url")}` as EnrolmentCode;
  const letters = Array.from({ length: typedLength }, () => typedAlphabet[randomInt(typedAlphabet.length)]);
  return letters.join("") as EnrolmentCode;
}

/** Reads a code as people write it: the typed form in any case, with hyphens and spaces; null when it is none. */
export function readEnrolmentCode(text: string): EnrolmentCode | null {
  if (text.length > 100) return null;
  const code = text.trim();
  if (/^sre_[\w-]{22}$/.test(code)) return code as EnrolmentCode;
  const letters = code.toUpperCase().replaceAll(/[-\s]/g, "");
  return new RegExp(`^[${typedAlphabet}]{${typedLength}}$`).test(letters) ? (letters as EnrolmentCode) : null;
}

/** A code as people read it: `BCDF-GHJK`, or the long form as it is. */
export function showEnrolmentCode(code: EnrolmentCode): string {
  return code.startsWith(longCodePrefix) ? code : `${code.slice(0, 4)}-${code.slice(4)}`;
}

/** What an archive keeps of a code, and a proof names it by: SHA-256 as hexadecimal digits. */
export function enrolmentCodeSha256(code: EnrolmentCode): string {
  return createHash("sha256").update(code, "utf8").digest("hex");
}

const text = (maxLength: number) =>
  z
    .string()
    .min(1)
    .max(maxLength)
    .refine((value) => !hasUnprintable(value));

/** What a machine says of itself. Nothing of it is proved. */
const facts = z.object({
  hostname: text(255).optional(),
  serial: text(100).optional(),
  model: text(200).optional(),
  platform: text(100),
  uploader: text(100),
  bootId: text(100).optional(),
});

/** What a machine says of itself when it enrols. */
export type EnrolmentFacts = z.infer<typeof facts>;

const proofSchema = z.object({
  version: z.literal(1),
  nonce: z.string().min(1).max(300),
  codeSha256: z.string().regex(/^[0-9a-f]{64}$/),
  key: z.unknown(),
  name: text(100).optional(),
  facts,
});

/** What a machine proves and wishes. */
export type EnrolmentProof = {
  nonce: string;
  codeSha256: string;
  key: Ed25519Jwk;
  kid: string;
  /** The name it would like to have; null: the archive's choice. */
  name: string | null;
  facts: EnrolmentFacts;
};

/** What goes into a proof, beside the key. */
export type EnrolmentWish = { nonce: string; code: EnrolmentCode; name?: string; facts: EnrolmentFacts };

/** Signs an enrolment proof with the machine's own key, whose public part goes with it. */
export function signEnrolmentProof(wish: EnrolmentWish, key: KeyObject): string {
  const { code, ...rest } = wish;
  const jwk = ed25519JwkOf(key);
  const payload = { version: 1, ...rest, codeSha256: enrolmentCodeSha256(code), key: jwk };
  return signJws(Buffer.from(canonicalJson(payload)), key, { kid: jwkThumbprint(jwk), typ: enrolmentProofType });
}

/**
 * Reads an enrolment proof: the key that it brings must have signed it. Whether nonce and code are good is not looked at.
 *
 * @throws ProtocolError
 */
export function readEnrolmentProof(jws: string): EnrolmentProof {
  const { header, payload } = decodeJws(jws);
  const parsed = proofSchema.safeParse(parseSigned(payload));
  if (!parsed.success)
    throw new ProtocolError(`The proof's ${parsed.error.issues[0]?.path.join(".") || "payload"} cannot be taken.`);
  const key = parseEd25519Jwk(parsed.data.key);
  const kid = jwkThumbprint(key);
  if (header.kid !== kid) throw new ProtocolError("The proof does not name its key by its thumbprint.");
  verifyJws(jws, key, enrolmentProofType);
  const { nonce, codeSha256, name, facts } = parsed.data;
  return { nonce, codeSha256, key, kid, name: name ?? null, facts };
}

/** A canonical payload as value; strict, or bytes that are no UTF-8 would all read the same. */
export function parseSigned(payload: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload);
  } catch {
    throw new ProtocolError("What is signed is not UTF-8.");
  }
  return parseCanonicalJson(text);
}

/** What `POST /api/devices/nonce` answers. */
export type NonceView = { nonce: string; expiresInSeconds: number; serverTime: string };

/** What `POST /api/devices/enrol` takes. */
export type EnrolmentRequest = { code: string; proof: string };

/** What `POST /api/devices/enrol` answers, the same each time. */
export type EnrolledView = {
  device: string;
  name: string;
  /** `pending`: a person has to approve it first; ask again later. */
  state: "active" | "pending";
  site: { id: string; name: string } | null;
  keyThumbprint: string;
  /** To be named in assertions. */
  audience: string;
  /** The archive's public keys, as at its key set's address. */
  keys: { keys: Record<string, unknown>[] };
  serverTime: string;
};

/** All that a device needs, in one line: for a QR code or a command line. */
export type EnrolmentLink = {
  server: string;
  code: EnrolmentCode;
  /** Thumbprint of the archive's receipt key; null: what the server shows at enrolment is believed. */
  pin: string | null;
};

/** Writes a link: `strongroom:enrol?server=…&code=…&pin=…`. */
export function formatEnrolmentLink({ server, code, pin }: EnrolmentLink): string {
  const query = new URLSearchParams({ server, code: showEnrolmentCode(code), ...(pin === null ? {} : { pin }) });
  return `strongroom:enrol?${query}`;
}

/** Reads a link; null when it is none. */
export function parseEnrolmentLink(text: string): EnrolmentLink | null {
  const [, query] = /^strongroom:enrol\?(.+)$/.exec(text.trim()) ?? [];
  const members = new URLSearchParams(query ?? "");
  const server = members.get("server") ?? "";
  const code = readEnrolmentCode(members.get("code") ?? "");
  const pin = members.get("pin");
  if (code === null || !/^https?:\/\/[^/]/.test(server) || !URL.canParse(server)) return null;
  return pin !== null && !/^[\w-]{43}$/.test(pin) ? null : { server, code, pin };
}
