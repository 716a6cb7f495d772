import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError, notFound } from "../errors.ts";
import { requireId } from "../input.ts";
import { authoriseOperator } from "./authorise.ts";
import { createLink, invitationMs, notOneself, resetMs } from "./internal.ts";
import type { IssuedLink } from "./types.ts";

/**
 * Issues a new one-time link: to take up an invitation (seven days), or to replace a forgotten password (one
 * day). Older unused links of the account end. The password stays until the link is used.
 *
 * @throws AppError forbidden, not_found, state_conflict for a disabled account
 */
export async function issueLink(ctx: Context, account: string): Promise<IssuedLink> {
  await authoriseOperator(ctx, "people.change");
  const accountId = requireId("account", account);
  notOneself(ctx, accountId, "Change your own password in the settings.");
  return ctx.db.$transaction(async (tx) => {
    const [row] = await tx.$queryRaw<{ state: string }[]>`
      SELECT state::text AS state FROM account WHERE id = ${accountId} FOR UPDATE`;
    if (row === undefined) throw notFound("account");
    if (row.state === "disabled") throw new AppError("state_conflict", "Enable this account first.");
    const link = await createLink(ctx, tx, accountId, row.state === "invited" ? invitationMs : resetMs);
    await recordEvent(ctx, tx, {
      action: "account.link_issued",
      accountId,
      details: { expiresAt: link.expiresAt.toISOString() },
    });
    return link;
  });
}
