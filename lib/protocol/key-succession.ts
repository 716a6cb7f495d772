import type { KeyObject } from "node:crypto";
import { z } from "zod";
import { canonicalJson } from "./canonical-json.ts";
import { parseSigned } from "./enrolment.ts";
import { type Ed25519Jwk, ed25519JwkOf, jwkThumbprint, parseEd25519Jwk } from "./jwk.ts";
import { decodeJws, signJws, verifyJws } from "./jws.ts";
import type { ArchiveKey, KeyPurpose } from "./key-set.ts";
import { ProtocolError } from "./protocol-error.ts";

// When an archive changes a key, the old one endorses the new one with its last signature. Who trusts one key of an
// archive can thus follow it through later ones, without trusting whoever answers at its address.

/** `typ` of an endorsement. */
const keySuccessionType = "strongroom-key-succession";

const schema = z.object({
  version: z.literal(1),
  purpose: z.enum(["receipt", "log"]),
  key: z.unknown(),
  at: z.iso.datetime(),
});

/** What a retiring key says of its successor. */
export type KeySuccession = { purpose: KeyPurpose; key: Ed25519Jwk; at: Date };

/** Endorses a new key with the one that retires. */
export function signKeySuccession({ purpose, key, at }: KeySuccession, old: KeyObject): string {
  const payload = { version: 1, purpose, key, at: at.toISOString() };
  const kid = jwkThumbprint(ed25519JwkOf(old));
  return signJws(Buffer.from(canonicalJson(payload)), old, { kid, typ: keySuccessionType });
}

/**
 * Checks that `old` has endorsed a key, and says which.
 *
 * @throws ProtocolError
 */
export function verifyKeySuccession(jws: string, old: Ed25519Jwk): KeySuccession {
  const { payload } = verifyJws(jws, old, keySuccessionType);
  const parsed = schema.safeParse(parseSigned(payload));
  if (!parsed.success) throw new ProtocolError("An endorsement holds version, purpose, key and at.");
  const { purpose, key, at } = parsed.data;
  return { purpose, key: parseEd25519Jwk(key), at: new Date(at) };
}

/**
 * The keys that may be trusted: those that are trusted already, and of the published ones those that a chain of
 * endorsements leads to. A published key of which this does not hold is left out, whoever publishes it.
 */
export function followKeys(trusted: readonly ArchiveKey[], published: readonly ArchiveKey[]): ArchiveKey[] {
  const kept = new Map(trusted.map((key) => [key.kid, withEnd(key, published)]));
  let waiting = published.filter((key) => !kept.has(key.kid));
  for (;;) {
    const found = waiting.filter((key) => isEndorsed(key, kept));
    if (found.length === 0) return [...kept.values()];
    for (const key of found) kept.set(key.kid, key);
    waiting = waiting.filter((key) => !kept.has(key.kid));
  }
}

/** A key that has retired since it was trusted: what is dated later is not its word. An end is never taken back. */
function withEnd(key: ArchiveKey, published: readonly ArchiveKey[]): ArchiveKey {
  const now = published.find((other) => other.kid === key.kid);
  return key.retiredAt !== null || now === undefined ? key : { ...key, retiredAt: now.retiredAt };
}

function isEndorsed(key: ArchiveKey, trusted: ReadonlyMap<string, ArchiveKey>): boolean {
  if (key.endorsement === null) return false;
  try {
    const old = trusted.get(decodeJws(key.endorsement).header.kid ?? "");
    if (old === undefined || old.purpose !== key.purpose || old.name !== key.name) return false;
    const said = verifyKeySuccession(key.endorsement, old.jwk);
    return said.purpose === key.purpose && jwkThumbprint(said.key) === key.kid && key.jwk.x === said.key.x;
  } catch (error) {
    if (error instanceof ProtocolError) return false;
    throw error;
  }
}
