import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError } from "../errors.ts";
import { isNoteKeyName } from "../protocol/index.ts";
import { cannotUnlock, keyPurposes, lockKeys, makeKey, unlockKey } from "./internal.ts";

/**
 * At every start: makes the keys that are missing, and proves that the others can be opened. Never a new key in place
 * of one that cannot. Safe in several processes at once.
 *
 * @param origin name of the custody log for the world, kept from the first start on
 * @throws VaultError when AUTH_SECRET is not the one with which the keys were kept
 */
export async function ensureSigningKeys(ctx: Context, origin: string): Promise<void> {
  if (ctx.actor.kind !== "system") throw new AppError("forbidden", "Only the archive itself does this.");
  if (!isNoteKeyName(origin)) throw new Error(`${origin} cannot be the origin of a log`);
  await ctx.db.$transaction(async (tx) => {
    await lockKeys(tx);
    for (const purpose of keyPurposes) {
      const row = await tx.signingKey.findFirst({ where: { purpose, retiredAt: null } });
      if (row !== null && unlockKey(ctx, row) === null) throw cannotUnlock(purpose);
      if (row !== null) continue;
      const { kid } = await makeKey(ctx, tx, { purpose, name: purpose === "log" ? origin : null, old: null });
      await recordEvent(ctx, tx, { action: "key.created", details: { purpose, kid } });
    }
  });
}

/** The origin of the custody log of an archive at this address: the prefix of the log's own addresses, as C2SP asks. */
export function logOriginOf(publicUrl: string): string {
  return `${new URL(publicUrl).host}/api/log`;
}
