import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { authorise } from "./authorise.ts";

/**
 * Ends all sessions of the caller's account, on every machine: a copied cookie is worth nothing afterwards.
 *
 * @throws AppError unauthenticated
 */
export async function signOut(ctx: Context): Promise<void> {
  const { accountId } = await authorise(ctx, "account.self");
  await ctx.db.$transaction(async (tx) => {
    await tx.account.update({ where: { id: accountId }, data: { sessionEpoch: { increment: 1 } } });
    await recordEvent(ctx, tx, { action: "login.ended", accountId });
  });
}
