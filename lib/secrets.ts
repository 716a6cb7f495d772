import { createHash, randomBytes } from "node:crypto";

/** 256 random bits as base64url: too many to guess, so their SHA-256 may be kept without salt or stretching. */
export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** What is kept of a secret. */
export function secretSha256(secret: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash("sha256").update(secret, "utf8").digest());
}
