import type { Role } from "../../generated/prisma/client.ts";
import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError, notFound } from "../errors.ts";
import { parseInput, requireId } from "../input.ts";
import { authoriseOperator } from "./authorise.ts";
import { keepAnAdministrator, notOneself, roleFits } from "./internal.ts";
import { roleInput } from "./schemas.ts";

/**
 * Gives an account another role and ends its sessions. Nobody changes their own role, the last active
 * administrator stays one, and a requester stays outside: what officers decide about must not become one.
 *
 * @throws AppError forbidden, not_found, invalid_input, conflict, state_conflict when it has this role already
 */
export async function changeRole(ctx: Context, input: { accountId: string; role: Role }): Promise<void> {
  await authoriseOperator(ctx, "people.change");
  const { accountId: id, role } = parseInput(roleInput, input);
  const accountId = requireId("account", id);
  notOneself(ctx, accountId, "You cannot change your own role.");
  await ctx.db.$transaction(async (tx) => {
    if (role !== "admin") await keepAnAdministrator(tx, accountId);
    const account = await tx.account.findUnique({ where: { id: accountId }, include: { organisation: true } });
    if (account === null) throw notFound("account");
    if (!roleFits(role, account.organisation.kind))
      throw new AppError(
        "invalid_input",
        role === "requester"
          ? "People of the operator cannot become requesters. Invite them for their own organisation."
          : "Requesters keep that role. Invite the person for the operator, under another address.",
        { field: "role" },
      );
    const { count } = await tx.account.updateMany({
      where: { id: accountId, role: { equals: account.role, not: role } },
      data: { role, sessionEpoch: { increment: 1 } },
    });
    if (count === 0) throw new AppError("state_conflict", `${account.name} has this role already.`);
    await recordEvent(ctx, tx, {
      action: "account.role_changed",
      accountId,
      details: { before: account.role, after: role },
    });
  });
}
