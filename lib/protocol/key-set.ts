import { z } from "zod";
import { type Ed25519Jwk, jwkThumbprint, parseEd25519Jwk } from "./jwk.ts";
import { ProtocolError } from "./protocol-error.ts";
import { type NoteKey, verifierKey } from "./signed-note.ts";

/** Path of the archive's public keys (RFC 7517, section 5; RFC 8615). */
export const keySetPath = "/.well-known/jwks.json";

/** What an archive's key signs: receipts, or checkpoints of its custody log. */
export type KeyPurpose = "receipt" | "log";

/** A public key of an archive. */
export type ArchiveKey = {
  /** SHA-256 thumbprint (RFC 7638). */
  kid: string;
  purpose: KeyPurpose;
  jwk: Ed25519Jwk;
  /** Key name in signed notes, which is the log's origin; null unless it signs the log. */
  name: string | null;
  createdAt: Date;
  /** When it stopped signing; null: it signs. What it signed before stays valid. */
  retiredAt: Date | null;
  /** By which the key before it endorses it (`verifyKeySuccession`); null: the first, or from before that was done. */
  endorsement: string | null;
};

const seconds = z.number().int().nonnegative();
const keySchema = z.looseObject({
  kid: z.string(),
  purpose: z.enum(["receipt", "log"]),
  name: z.string().optional(),
  iat: seconds,
  exp: seconds.optional(),
  endorsement: z.string().max(4000).optional(),
});
const setSchema = z.object({ keys: z.array(z.unknown()).max(10_000) });

/** Public keys as a JWK Set; `iat` and `exp` are seconds since 1970 (RFC 7519: NumericDate). */
export function formatKeySet(keys: readonly ArchiveKey[]): { keys: Record<string, unknown>[] } {
  return {
    keys: keys.map((key) => ({
      ...key.jwk,
      kid: key.kid,
      use: "sig",
      alg: "EdDSA",
      purpose: key.purpose,
      iat: Math.floor(key.createdAt.getTime() / 1000),
      ...(key.retiredAt === null ? {} : { exp: Math.ceil(key.retiredAt.getTime() / 1000) }),
      ...(key.endorsement === null ? {} : { endorsement: key.endorsement }),
      ...(key.name === null ? {} : { name: key.name, vkey: verifierKey({ name: key.name, jwk: key.jwk }) }),
    })),
  };
}

/** Reads a JWK Set; keys that are not of an archive are left out. */
export function parseKeySet(value: unknown): ArchiveKey[] {
  const set = setSchema.safeParse(value);
  if (!set.success) throw new ProtocolError("It is not a JWK Set.");
  return set.data.keys.flatMap((member) => {
    const parsed = keySchema.safeParse(member);
    if (!parsed.success) return [];
    const { kid, purpose, name, iat, exp, endorsement = null } = parsed.data;
    const jwk = parseEd25519Jwk(member);
    if (kid !== jwkThumbprint(jwk)) throw new ProtocolError(`The key ${kid} is not named by its thumbprint.`);
    const createdAt = new Date(iat * 1000);
    const retiredAt = exp === undefined ? null : new Date(exp * 1000);
    return [{ kid, purpose, jwk, name: name ?? null, createdAt, retiredAt, endorsement }];
  });
}

/** The keys of a set that sign a log, as signed notes name them. */
export function noteKeysOf(keys: readonly ArchiveKey[]): NoteKey[] {
  return keys.flatMap(({ purpose, name, jwk }) => (purpose === "log" && name !== null ? [{ name, jwk }] : []));
}
