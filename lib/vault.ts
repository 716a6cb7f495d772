import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";

// Secrets that the database keeps and cannot read. The key follows from AUTH_SECRET, which is not in the database, so
// several servers share it and a copy of the database alone opens nothing.

/** Encrypts and decrypts with a key that never leaves it. */
export type Vault = {
  /** Encrypts a secret under a label, which must be named again to open it. */
  lock(secret: Uint8Array, label: string): Uint8Array<ArrayBuffer>;
  /** The secret; null when it was locked under another AUTH_SECRET or label, or was changed. */
  unlock(locked: Uint8Array, label: string): Buffer | null;
  /** HMAC-SHA-256 with a key of this label alone: what this archive wrote, and nobody else. */
  mac(label: string, text: string | Uint8Array): Buffer;
};

/** A secret cannot be opened with this AUTH_SECRET. The message is for operators. */
export class VaultError extends Error {
  override name = "VaultError";
}

const nonceBytes = 12;
const tagBytes = 16;

/** The vault that belongs to an AUTH_SECRET. Making one costs nothing: the key is derived (RFC 5869) at each use. */
export function openVault(authSecret: string): Vault {
  const key = () => Buffer.from(hkdfSync("sha256", authSecret, "", "strongroom vault v1", 32));
  const macKey = (label: string) => Buffer.from(hkdfSync("sha256", authSecret, "", `strongroom mac ${label}`, 32));
  return {
    lock: (secret, label) => {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", key(), nonce).setAAD(Buffer.from(label));
      const encrypted = [cipher.update(secret), cipher.final()];
      return new Uint8Array(Buffer.concat([nonce, ...encrypted, cipher.getAuthTag()]));
    },
    unlock: (locked, label) => {
      if (locked.length < nonceBytes + tagBytes) return null;
      const bytes = Buffer.from(locked);
      const options = { authTagLength: tagBytes };
      const decipher = createDecipheriv("aes-256-gcm", key(), bytes.subarray(0, nonceBytes), options);
      decipher.setAAD(Buffer.from(label)).setAuthTag(bytes.subarray(-tagBytes));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]);
      } catch {
        return null;
      }
    },
    mac: (label, text) => createHmac("sha256", macKey(label)).update(text).digest(),
  };
}
