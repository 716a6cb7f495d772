import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError, notFound } from "../errors.ts";
import { requireId } from "../input.ts";
import { authoriseOperator } from "./authorise.ts";

/**
 * Lets a disabled account in again, with the password it had; one that was never taken up is invited again and
 * needs a new link.
 *
 * @throws AppError forbidden, not_found, state_conflict
 */
export async function enableAccount(ctx: Context, account: string): Promise<void> {
  await authoriseOperator(ctx, "people.change");
  const accountId = requireId("account", account);
  await ctx.db.$transaction(async (tx) => {
    const before = { id: accountId, state: "disabled" as const };
    const again = { sessionEpoch: { increment: 1 } };
    const active = await tx.account.updateMany({
      where: { ...before, passwordHash: { not: null } },
      data: { state: "active", ...again },
    });
    const invited = await tx.account.updateMany({
      where: { ...before, passwordHash: null },
      data: { state: "invited", ...again },
    });
    if (active.count + invited.count === 0) {
      if ((await tx.account.count({ where: { id: accountId } })) === 0) throw notFound("account");
      throw new AppError("state_conflict", "This account is not disabled.");
    }
    await recordEvent(ctx, tx, { action: "account.enabled", accountId });
  });
}
