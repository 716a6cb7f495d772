import type { Context, Transaction } from "../context.ts";
import type { KeyPurpose } from "../protocol/index.ts";
import { type ActiveKey, cannotUnlock, holdKeys, unlockKey } from "./internal.ts";

/**
 * The key that signs for a purpose, until the end of the transaction.
 *
 * @throws VaultError when AUTH_SECRET is another one; Error when the archive was never started
 */
export async function activeKey(ctx: Context, tx: Transaction, purpose: KeyPurpose): Promise<ActiveKey> {
  await holdKeys(tx);
  const row = await tx.signingKey.findFirst({ where: { purpose, retiredAt: null } });
  if (row === null) throw new Error(`There is no ${purpose} key yet: the server makes it when it starts.`);
  const key = unlockKey(ctx, row);
  if (key === null) throw cannotUnlock(purpose);
  return key;
}
