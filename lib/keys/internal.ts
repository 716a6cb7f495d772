import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { SigningKey } from "../../generated/prisma/client.ts";
import type { Context, Transaction } from "../context.ts";
import { ed25519Bytes, ed25519JwkOf, jwkThumbprint, type KeyPurpose, signKeySuccession } from "../protocol/index.ts";
import { VaultError } from "../vault.ts";

/** Every purpose; there is one key that signs for each. */
export const keyPurposes = ["receipt", "log"] as const satisfies readonly KeyPurpose[];

/** A key that signs now. */
export type ActiveKey = {
  kid: string;
  privateKey: KeyObject;
  /** Name in signed notes; null unless it signs the log. */
  name: string | null;
};

/** Keys are made and retired one after the other, whatever number of processes do it. */
export async function lockKeys(tx: Transaction): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('signing_key'))`;
}

/**
 * Until the end of the transaction no key retires: what it signs would be dated after the time at which its key
 * stopped, and be refused by everybody for ever.
 */
export async function holdKeys(tx: Transaction): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock_shared(hashtext('signing_key'))`;
}

/** Makes a key and writes it, its private part encrypted; `old`, which it follows, endorses it. */
export async function makeKey(
  ctx: Context,
  tx: Transaction,
  { purpose, name, old }: { purpose: KeyPurpose; name: string | null; old: ActiveKey | null },
): Promise<SigningKey> {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const jwk = ed25519JwkOf(publicKey);
  const kid = jwkThumbprint(jwk);
  const createdAt = ctx.clock.now();
  return tx.signingKey.create({
    data: {
      kid,
      purpose,
      name,
      publicKey: new Uint8Array(ed25519Bytes(jwk)),
      encryptedPrivateKey: ctx.vault.lock(privateKey.export({ format: "der", type: "pkcs8" }), kid),
      createdAt,
      endorsement: old === null ? null : signKeySuccession({ purpose, key: jwk, at: createdAt }, old.privateKey),
    },
  });
}

/** Decrypts a key that signs; null when this process's AUTH_SECRET is not the one it was kept with. */
export function unlockKey(ctx: Context, row: SigningKey): ActiveKey | null {
  const der = row.encryptedPrivateKey === null ? null : ctx.vault.unlock(row.encryptedPrivateKey, row.kid);
  if (der === null) return null;
  return { kid: row.kid, name: row.name, privateKey: createPrivateKey({ key: der, format: "der", type: "pkcs8" }) };
}

/** What an operator must do about a key that cannot be opened. */
export function cannotUnlock(purpose: KeyPurpose): VaultError {
  return new VaultError(
    `AUTH_SECRET is not the one with which this archive's ${purpose} key was kept, so nothing can be signed. Set the right one. ` +
      `Only when it is lost for ever: npx strongroom key rotate --purpose ${purpose} --lost`,
  );
}
