import { type KeyObject, sign, verify } from "node:crypto";
import { z } from "zod";
import { fromBase64Url, toBase64Url } from "./base64url.ts";
import { type Ed25519Jwk, ed25519PublicKey } from "./jwk.ts";
import { ProtocolError } from "./protocol-error.ts";

// Strict, so that nothing in the header can bring another algorithm, another key or another way of reading:
// no jwk, jku, x5c, no b64, and no crit, which RFC 7515, 4.1.11 says to refuse when it is not understood.
const headerSchema = z.strictObject({
  alg: z.literal("EdDSA"),
  kid: z.string().min(1).max(256).optional(),
  typ: z.string().min(1).max(256).optional(),
  cty: z.string().min(1).max(256).optional(),
});

/** Protected header of a JWS of ours. */
export type JwsHeader = z.infer<typeof headerSchema>;

/** A JWS that was taken apart. Nothing of it is true before `verifyJws` said so. */
export type DecodedJws = { header: JwsHeader; payload: Buffer };

/** Signs bytes with an Ed25519 key as a compact JWS (RFC 7515, section 7.1; RFC 8037, section 3.1). */
export function signJws(payload: Uint8Array, key: KeyObject, header: Omit<JwsHeader, "alg"> = {}): string {
  if (key.asymmetricKeyType !== "ed25519") throw new ProtocolError("It is not an Ed25519 key.");
  const head = toBase64Url(Buffer.from(JSON.stringify({ alg: "EdDSA", ...header })));
  const input = `${head}.${toBase64Url(payload)}`;
  return `${input}.${toBase64Url(sign(null, Buffer.from(input), key))}`;
}

/** Takes a compact JWS apart, to learn which key it names. */
export function decodeJws(token: string): DecodedJws {
  const { header, payload } = parts(token);
  return { header, payload };
}

/**
 * Checks a compact JWS against one key and returns what was signed. `typ`, when given, is required, so that one kind
 * of document cannot be passed off as another. Throws a ProtocolError that says what is wrong.
 */
export function verifyJws(token: string, key: Ed25519Jwk | KeyObject, typ?: string): DecodedJws {
  const { header, payload, signature, input } = parts(token);
  if (typ !== undefined && header.typ !== typ) throw new ProtocolError(`Its type is not ${typ}.`);
  const publicKey = "kty" in key ? ed25519PublicKey(key) : key;
  // The algorithm follows from the key we hold, never from the header alone.
  if (publicKey.asymmetricKeyType !== "ed25519") throw new ProtocolError("It is not an Ed25519 key.");
  if (!verify(null, Buffer.from(input), publicKey, signature)) throw new ProtocolError("The signature is wrong.");
  return { header, payload };
}

function parts(token: string) {
  const [head, body, tail, ...rest] = token.split(".");
  if (head === undefined || body === undefined || tail === undefined || rest.length > 0) {
    throw new ProtocolError("It is not a compact JWS: three parts with dots between them.");
  }
  const headBytes = fromBase64Url(head);
  const payload = fromBase64Url(body);
  const signature = fromBase64Url(tail);
  if (headBytes === null || payload === null || signature === null) {
    throw new ProtocolError("A part of the JWS is not base64url.");
  }
  if (signature.length !== 64) throw new ProtocolError("The signature does not have the 64 bytes of Ed25519.");
  return { header: parseHeader(headBytes), payload, signature, input: `${head}.${body}` };
}

function parseHeader(bytes: Buffer): JwsHeader {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new ProtocolError("The header of the JWS is not JSON.");
  }
  const parsed = headerSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ProtocolError("The header of the JWS must hold alg EdDSA, and beside it kid, typ and cty at most.");
}
