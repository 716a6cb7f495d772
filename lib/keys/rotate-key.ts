import { z } from "zod";
import type { Context, Transaction } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError } from "../errors.ts";
import { parseInput } from "../input.ts";
import { authoriseOperator } from "../people/index.ts";
import { keyPurposes, lockKeys, makeKey, unlockKey } from "./internal.ts";

const input = z.object({
  purpose: z.enum(keyPurposes, "There is no such purpose."),
  /** The private part of the old key can never be opened again: AUTH_SECRET is lost. */
  isLost: z.boolean().default(false),
});

/** What to rotate. */
export type RotateKey = z.input<typeof input>;

/**
 * Makes a new key that signs from now on. The old one endorses it, unless it is lost, so that whoever trusts the old one
 * can follow, and retires: its private part is destroyed, its public part stays published, and what it signed stays
 * valid.
 *
 * @throws AppError unauthenticated, forbidden, invalid_input, state_conflict when the old key cannot be opened and
 *   nobody said that it is lost, or when it was rotated at the same moment
 */
export async function rotateSigningKey(ctx: Context, raw: RotateKey): Promise<{ kid: string }> {
  await authoriseOperator(ctx, "keys.rotate");
  const { purpose, isLost } = parseInput(input, raw);
  return ctx.db.$transaction(async (tx) => {
    await lockKeys(tx);
    const old = await tx.signingKey.findFirst({ where: { purpose, retiredAt: null } });
    if (old === null) throw new AppError("state_conflict", "There is no key yet: the server makes it when it starts.");
    const active = unlockKey(ctx, old);
    if (!isLost && active === null)
      throw new AppError(
        "state_conflict",
        "The key cannot be opened with this AUTH_SECRET. Set the right one; --lost is for one that is gone for ever.",
      );
    const { count } = await tx.signingKey.updateMany({
      where: { kid: old.kid, retiredAt: null },
      data: { retiredAt: await endOf(ctx, tx, old.kid), encryptedPrivateKey: null },
    });
    if (count === 0) throw new AppError("state_conflict", "This key was rotated just now.");
    const { kid, endorsement } = await makeKey(ctx, tx, { purpose, name: old.name, old: active });
    const details = { purpose, kid, retiredKid: old.kid, isLost, isEndorsed: endorsement !== null };
    await recordEvent(ctx, tx, { action: "key.rotated", details });
    return { kid };
  });
}

/** Now, by whichever clock is ahead: what the key signed on another server must not be dated after its end. */
async function endOf(ctx: Context, tx: Transaction, kid: string): Promise<Date> {
  const { _max: last } = await tx.receipt.aggregate({ where: { kid }, _max: { createdAt: true } });
  return new Date(Math.max(ctx.clock.now().getTime(), last.createdAt?.getTime() ?? 0));
}
