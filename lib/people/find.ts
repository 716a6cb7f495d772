import type { Context } from "../context.ts";
import { authoriseOperator } from "./authorise.ts";
import { roleMay } from "./permissions.ts";
import type { AccountCan, AccountRow, OrganisationRow } from "./types.ts";

/**
 * All accounts by name.
 *
 * @throws AppError unauthenticated, forbidden
 */
export async function listAccounts(ctx: Context): Promise<AccountRow[]> {
  const actor = await authoriseOperator(ctx, "people.list");
  const accounts = await ctx.db.account.findMany({
    orderBy: [{ name: "asc" }, { id: "asc" }],
    include: {
      organisation: true,
      invitations: {
        where: { usedAt: null, expiresAt: { gt: ctx.clock.now() } },
        orderBy: { expiresAt: "desc" },
        take: 1,
      },
    },
  });
  const activeAdmins = accounts.filter((account) => account.role === "admin" && account.state === "active").length;
  const mayChange = actor.kind === "system" || roleMay(actor.role, "people.change");
  return accounts.map(({ id, email, name, role, state, badge, organisation, invitations, ...account }) => ({
    id,
    email,
    name,
    role,
    state,
    badge,
    organisation: { id: organisation.id, name: organisation.name, kind: organisation.kind },
    createdAt: account.createdAt,
    lastLoginAt: account.lastLoginAt,
    linkUntil: invitations[0]?.expiresAt ?? null,
    can: mayChange
      ? accountCan({
          isSelf: actor.kind === "person" && actor.accountId === id,
          isLastAdmin: activeAdmins === 1 && role === "admin" && state === "active",
          isRequester: role === "requester",
          isDisabled: state === "disabled",
        })
      : readOnly,
  }));
}

const notYours = "Only administrators change accounts.";
const readOnly: AccountCan = { changeRole: notYours, disable: notYours, enable: notYours, issueLink: notYours };

function accountCan(is: {
  isSelf: boolean;
  isLastAdmin: boolean;
  isRequester: boolean;
  isDisabled: boolean;
}): AccountCan {
  const own = is.isSelf ? "This is your own account." : null;
  const last = is.isLastAdmin ? "This is the last active administrator." : null;
  return {
    changeRole: own ?? last ?? (is.isRequester ? "A requester stays a requester." : null),
    disable: own ?? last ?? (is.isDisabled ? "It is disabled already." : null),
    enable: is.isDisabled ? null : "It is not disabled.",
    issueLink: own ?? (is.isDisabled ? "Enable it first." : null),
  };
}

/**
 * All organisations by name.
 *
 * @throws AppError unauthenticated, forbidden
 */
export async function listOrganisations(ctx: Context): Promise<OrganisationRow[]> {
  await authoriseOperator(ctx, "organisations.list");
  const organisations = await ctx.db.organisation.findMany({
    orderBy: { name: "asc" },
    include: { _count: { select: { accounts: true } } },
  });
  return organisations.map(({ _count, ...organisation }) => ({ ...organisation, accountCount: _count.accounts }));
}
