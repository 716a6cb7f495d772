import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { isUniqueViolation } from "../database-errors.ts";
import { AppError } from "../errors.ts";
import { newId } from "../ids.ts";
import { parseInput } from "../input.ts";
import { authoriseOperator } from "./authorise.ts";
import { createLink, invitationMs, roleFits } from "./internal.ts";
import { type InvitationInput, invitationInput } from "./schemas.ts";
import type { IssuedLink } from "./types.ts";

/**
 * Makes an account and the one-time link with which its person sets a password. The link works for seven days.
 *
 * @throws AppError forbidden, invalid_input (email, name, role, organisationId, badge), conflict when the
 *   address has an account
 */
export async function inviteAccount(ctx: Context, input: InvitationInput): Promise<IssuedLink> {
  await authoriseOperator(ctx, "people.invite");
  const account = parseInput(invitationInput, input);
  const accountId = newId("account");
  try {
    return await ctx.db.$transaction(async (tx) => {
      const organisation = await tx.organisation.findUnique({ where: { id: account.organisationId } });
      if (organisation === null)
        throw new AppError("invalid_input", "There is no such organisation.", { field: "organisationId" });
      if (!roleFits(account.role, organisation.kind))
        throw new AppError(
          "invalid_input",
          account.role === "requester"
            ? "A requester belongs to an outside organisation, not to the operator."
            : "Only requesters belong to an outside organisation.",
          { field: "organisationId" },
        );
      await tx.account.create({
        data: { id: accountId, ...account, state: "invited", createdAt: ctx.clock.now() },
      });
      const link = await createLink(ctx, tx, accountId, invitationMs);
      await recordEvent(ctx, tx, {
        action: "account.invited",
        accountId,
        details: { role: account.role, organisationId: organisation.id, expiresAt: link.expiresAt.toISOString() },
      });
      return link;
    });
  } catch (error) {
    if (isUniqueViolation(error))
      throw new AppError("conflict", "This address has an account already.", { field: "email" });
    throw error;
  }
}
