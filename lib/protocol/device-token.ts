import { type KeyObject, randomUUID } from "node:crypto";
import { z } from "zod";
import { canonicalJson } from "./canonical-json.ts";
import { parseSigned } from "./enrolment.ts";
import { hasUnprintable } from "./file-name.ts";
import { type Ed25519Jwk, ed25519JwkOf, jwkThumbprint, parseEd25519Jwk } from "./jwk.ts";
import { decodeJws, signJws, verifyJws } from "./jws.ts";
import { ProtocolError } from "./protocol-error.ts";
import { maxStartNameLength } from "./start-name.ts";

// A device buys short-lived access tokens with an assertion that its key signs (RFC 7523, section 2.2). RFC 7523,
// section 3 asks for `exp`: here a nonce of the server stands in its place, as a device's clock may be at 1970.

/** `typ` of an assertion. */
export const clientAssertionType = "client-authentication+jwt";
/** RFC 7523, section 2.2. */
export const clientAssertionUrn = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/** `typ` of a rotation, which the old key signs. */
export const keyRotationType = "strongroom-key-rotation";
/** `typ` of the proof within a rotation, which the new key signs. */
const keyProofType = "strongroom-key-proof";

const nonce = z.string().min(1).max(300);
const device = z
  .string()
  .min(1)
  .max(32)
  .refine((text) => !hasUnprintable(text));
/** A thumbprint (RFC 7638): nothing else is looked up. */
const isThumbprint = (kid: string | undefined): kid is string => /^[\w-]{43}$/.test(kid ?? "");
const startName = z
  .string()
  .min(1)
  .max(maxStartNameLength)
  // As heartbeats leave it: they clean what they take.
  .refine((text) => !hasUnprintable(text) && text === text.replaceAll(/\s+/g, " ").trim());
const assertionSchema = z.object({
  iss: device,
  sub: device,
  aud: z.string().min(1).max(2000),
  jti: z.string().min(1).max(200),
  nonce,
  instance: z.object({ bootId: startName, process: startName }).optional(),
});

/** What an assertion says. */
export type ClientAssertion = {
  device: string;
  audience: string;
  nonce: string;
  jti: string;
  kid: string;
  /** Which start of its uploader asks, as in heartbeats; null: it does not say. */
  instance: { bootId: string; process: string } | null;
};

/** Signs an assertion for one access token. */
export function signClientAssertion(
  assertion: { device: string; audience: string; nonce: string; instance?: { bootId: string; process: string } },
  key: KeyObject,
): string {
  const claims = {
    iss: assertion.device,
    sub: assertion.device,
    aud: assertion.audience,
    jti: randomUUID(),
    nonce: assertion.nonce,
    ...(assertion.instance === undefined ? {} : { instance: assertion.instance }),
  };
  const kid = jwkThumbprint(ed25519JwkOf(key));
  return signJws(Buffer.from(canonicalJson(claims)), key, { kid, typ: clientAssertionType });
}

/**
 * Takes an assertion apart, to learn which device and key it names. Nothing of it is true before `verifyJws` with
 * `clientAssertionType` said so.
 *
 * @throws ProtocolError
 */
export function readClientAssertion(jws: string): ClientAssertion {
  const { header, payload } = decodeJws(jws);
  const parsed = assertionSchema.safeParse(parseJson(payload));
  if (!parsed.success) throw new ProtocolError("The assertion lacks iss, sub, aud, jti or nonce, or one is wrong.");
  const { iss, sub, aud, jti, nonce, instance = null } = parsed.data;
  if (iss !== sub) throw new ProtocolError("In the assertion iss and sub are not the same device.");
  if (!isThumbprint(header.kid)) throw new ProtocolError("The assertion does not name its key.");
  return { device: iss, audience: aud, nonce, jti, kid: header.kid, instance };
}

/** An assertion's JSON need not be canonical: libraries of JWTs write them too. */
function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch {
    throw new ProtocolError("What is signed is not JSON.");
  }
}

/** What `POST /api/devices/token` answers (RFC 6749, section 5.1). */
export type AccessTokenView = {
  access_token: string;
  token_type: "Bearer";
  expires_in: number;
  /** For the next assertion. */
  nonce: string;
  server_time: string;
};

const rotationSchema = z.object({
  version: z.literal(1),
  device,
  nonce,
  fromSequence: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  proof: z.string().max(4000),
});
const keyProofSchema = z.object({ version: z.literal(1), device, nonce, key: z.unknown() });

/** A change of keys that both keys have signed. */
export type KeyRotation = {
  device: string;
  nonce: string;
  /** The first number of the device's chain that the new key signs. */
  fromSequence: number;
  oldKid: string;
  key: Ed25519Jwk;
  kid: string;
};

/** Signs a change of keys: by the new one that it is the device's, by the old one that it hands over. */
export function signKeyRotation(
  rotation: { device: string; nonce: string; fromSequence: number },
  keys: { old: KeyObject; new: KeyObject },
): string {
  const { device, nonce, fromSequence } = rotation;
  const sign = (payload: object, key: KeyObject, typ: string) =>
    signJws(Buffer.from(canonicalJson(payload)), key, { kid: jwkThumbprint(ed25519JwkOf(key)), typ });
  const proof = sign({ version: 1, device, nonce, key: ed25519JwkOf(keys.new) }, keys.new, keyProofType);
  return sign({ version: 1, device, nonce, fromSequence, proof }, keys.old, keyRotationType);
}

/**
 * Reads a change of keys. The new key's signature is checked; the old one's is not before `verifyJws` with
 * `keyRotationType` and the key that the archive has under `oldKid` said so.
 *
 * @throws ProtocolError
 */
export function readKeyRotation(jws: string): KeyRotation {
  const { header, payload } = decodeJws(jws);
  const outer = rotationSchema.safeParse(parseSigned(payload));
  if (!outer.success || !isThumbprint(header.kid))
    throw new ProtocolError("A rotation names its key, and holds version, device, nonce, fromSequence and proof.");
  const { device, nonce, fromSequence, proof } = outer.data;
  const inner = keyProofSchema.safeParse(parseSigned(decodeJws(proof).payload));
  if (!inner.success) throw new ProtocolError("The new key's proof holds version, device, nonce and key.");
  const key = parseEd25519Jwk(inner.data.key);
  const kid = jwkThumbprint(key);
  if (verifyJws(proof, key, keyProofType).header.kid !== kid)
    throw new ProtocolError("The new key's proof does not name it by its thumbprint.");
  if (inner.data.device !== device || inner.data.nonce !== nonce)
    throw new ProtocolError("The new key's proof is of another rotation.");
  if (kid === header.kid) throw new ProtocolError("The new key is the old one.");
  return { device, nonce, fromSequence, oldKid: header.kid, key, kid };
}

/** What `POST /api/devices/key` answers, the same each time. */
export type KeyRotatedView = { keyThumbprint: string; fromSequence: number };
