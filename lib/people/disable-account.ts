import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError, notFound } from "../errors.ts";
import { requireId } from "../input.ts";
import { authoriseOperator } from "./authorise.ts";
import { endLinks, keepAnAdministrator, notOneself } from "./internal.ts";

/**
 * Ends an account's sessions at their next request, its unused links, and its way in.
 *
 * @throws AppError forbidden, not_found, conflict for the last active administrator, state_conflict
 */
export async function disableAccount(ctx: Context, account: string): Promise<void> {
  await authoriseOperator(ctx, "people.change");
  const accountId = requireId("account", account);
  notOneself(ctx, accountId, "You cannot disable your own account.");
  await ctx.db.$transaction(async (tx) => {
    await keepAnAdministrator(tx, accountId);
    const { count } = await tx.account.updateMany({
      where: { id: accountId, state: { not: "disabled" } },
      data: { state: "disabled", sessionEpoch: { increment: 1 } },
    });
    if (count === 0) {
      if ((await tx.account.count({ where: { id: accountId } })) === 0) throw notFound("account");
      throw new AppError("state_conflict", "This account is disabled already.");
    }
    await endLinks(ctx, tx, accountId);
    await recordEvent(ctx, tx, { action: "account.disabled", accountId });
  });
}
