import type { Context, Transaction } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError } from "../errors.ts";
import { parseInput } from "../input.ts";
import { secretSha256 } from "../secrets.ts";
import { clearLoginLimit } from "./login-limit.ts";
import { hashPassword } from "./passwords.ts";
import { readPerson } from "./resolve-session.ts";
import { takeUpInput } from "./schemas.ts";
import type { LinkView, SessionClaims } from "./types.ts";

// Unknown, used, run out, of a disabled account: one answer, because the difference is nobody's business.
const linkIsOver = () =>
  new AppError("link_used", "This link has been used or has run out. Ask an administrator for a new one.");

/**
 * What a one-time link opens.
 *
 * @throws AppError link_used for any link that does not work
 */
export async function getLink(ctx: Context, secret: string): Promise<LinkView> {
  const row = await ctx.db.invitation.findUnique({
    where: { secretSha256: secretSha256(secret) },
    include: { account: { select: { name: true, email: true, state: true } } },
  });
  if (row === null || row.usedAt !== null || row.expiresAt <= ctx.clock.now() || row.account.state === "disabled")
    throw linkIsOver();
  const { name, email, state } = row.account;
  return { name, email, isNewAccount: state === "invited", expiresAt: row.expiresAt };
}

/**
 * Sets a password through a one-time link: takes up an invited account, or replaces a forgotten password and
 * ends all sessions of the account. The answer is a new session. Works once, also when two calls come at once.
 *
 * @throws AppError link_used, invalid_input (password)
 */
export async function takeUpLink(
  ctx: Context,
  input: { secret: string; password: string },
): Promise<SessionClaims & { email: string }> {
  const { secret, password } = parseInput(takeUpInput, input);
  await getLink(ctx, secret);
  const passwordHash = await hashPassword(password);
  const taken = await ctx.db.$transaction((tx) => takeUp(ctx, tx, secret, passwordHash));
  await clearLoginLimit(ctx, taken.email);
  return taken;
}

async function takeUp(ctx: Context, tx: Transaction, secret: string, passwordHash: string) {
  const now = ctx.clock.now();
  const hash = secretSha256(secret);
  const { count } = await tx.invitation.updateMany({
    where: { secretSha256: hash, usedAt: null, expiresAt: { gt: now }, account: { state: { not: "disabled" } } },
    data: { usedAt: now },
  });
  if (count === 0) throw linkIsOver();
  const { accountId } = await tx.invitation.findUniqueOrThrow({ where: { secretSha256: hash } });
  const activated = await tx.account.updateMany({
    where: { id: accountId, state: "invited" },
    data: { state: "active", passwordHash, sessionEpoch: { increment: 1 }, lastLoginAt: now },
  });
  if (activated.count === 0) {
    const changed = await tx.account.updateMany({
      where: { id: accountId, state: "active" },
      data: { passwordHash, sessionEpoch: { increment: 1 }, lastLoginAt: now },
    });
    if (changed.count === 0) throw linkIsOver();
  }
  const account = await tx.account.findUniqueOrThrow({ where: { id: accountId } });
  const person = await readPerson(tx, accountId);
  await recordEvent(person === null ? ctx : { ...ctx, actor: person }, tx, {
    action: activated.count === 1 ? "account.activated" : "account.password_changed",
    accountId,
    details: { through: "link" },
  });
  return { accountId, sessionEpoch: account.sessionEpoch, email: account.email };
}
