import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { z } from "zod";
import { fromBase64Url } from "./base64url.ts";
import { canonicalJson } from "./canonical-json.ts";
import { ProtocolError } from "./protocol-error.ts";

/** A public Ed25519 key as JSON (RFC 8037, section 2), with nothing but the key. */
export type Ed25519Jwk = { kty: "OKP"; crv: "Ed25519"; x: string };

const jwkSchema = z.object({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  x: z.string().refine((text) => fromBase64Url(text)?.length === 32),
  alg: z.literal("EdDSA").optional(),
  use: z.literal("sig").optional(),
});

/** Reads a JWK that must be an Ed25519 key for signatures; a private part is not taken over. */
export function parseEd25519Jwk(value: unknown): Ed25519Jwk {
  const parsed = jwkSchema.safeParse(value);
  if (!parsed.success) throw new ProtocolError("It is not a public Ed25519 key (JWK with kty OKP and crv Ed25519).");
  return { kty: "OKP", crv: "Ed25519", x: parsed.data.x };
}

/** The public part of an Ed25519 key, public or private, as JWK. */
export function ed25519JwkOf(key: KeyObject): Ed25519Jwk {
  if (key.asymmetricKeyType !== "ed25519") throw new ProtocolError("It is not an Ed25519 key.");
  return parseEd25519Jwk((key.type === "private" ? createPublicKey(key) : key).export({ format: "jwk" }));
}

/** The 32 bytes of the public key (RFC 8032, section 5.1.5). */
export function ed25519Bytes(jwk: Ed25519Jwk): Buffer {
  const bytes = fromBase64Url(jwk.x);
  if (bytes?.length !== 32) throw new ProtocolError("It is not a public Ed25519 key.");
  return bytes;
}

/** The key as Node's crypto takes it. */
export function ed25519PublicKey(jwk: Ed25519Jwk): KeyObject {
  return createPublicKey({ key: { ...parseEd25519Jwk(jwk) }, format: "jwk" });
}

/** The name of a key that follows from the key: SHA-256 of its required members (RFC 7638; RFC 8037, section 2). */
export function jwkThumbprint(jwk: Ed25519Jwk): string {
  const required = { crv: jwk.crv, kty: jwk.kty, x: jwk.x };
  return createHash("sha256").update(canonicalJson(required)).digest("base64url");
}
