import { z } from "zod";
import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError } from "../errors.ts";
import { parseInput } from "../input.ts";
import { LoginLimitReached, returnLoginAttempt, takeLoginAttempt } from "./login-limit.ts";
import { isPasswordOf } from "./passwords.ts";
import { readPerson } from "./resolve-session.ts";
import type { SessionClaims } from "./types.ts";

const signInInput = z.object({
  email: z.string().trim().toLowerCase().max(1000),
  password: z.string().max(1000),
});

const wrong = () => new AppError("login_failed", "The e-mail address or the password is wrong.", { field: "password" });

/**
 * Checks an e-mail address and a password. Whether the account exists, is disabled or was never taken up shows
 * neither in the answer nor in the work done for it.
 *
 * @throws AppError login_failed, too_many_requests with the time to wait
 */
export async function signIn(ctx: Context, input: { email: string; password: string }): Promise<SessionClaims> {
  const { email, password } = parseInput(signInInput, input);
  try {
    await takeLoginAttempt(ctx, email);
  } catch (error) {
    if (error instanceof LoginLimitReached && error.isFirst) await recordFailure(ctx, email, "too_many_attempts");
    throw error;
  }
  // NUL cannot stand in a PostgreSQL text, and in no address either.
  const account = await ctx.db.account.findUnique({ where: { email: email.replaceAll("\u0000", "") } });
  const passwordHash = account?.state === "active" ? account.passwordHash : null;
  if (!(await isPasswordOf(passwordHash, password)) || account === null) {
    const reason = account === null ? "no_account" : account.state === "active" ? "wrong_password" : account.state;
    await recordFailure(ctx, email, reason, account?.id);
    throw wrong();
  }
  const claims = await begin(ctx, account.id, passwordHash);
  await returnLoginAttempt(ctx, email);
  return claims;
}

async function begin(ctx: Context, accountId: string, passwordHash: string | null): Promise<SessionClaims> {
  return ctx.db.$transaction(async (tx) => {
    // The old state in the WHERE: an account disabled or re-keyed while the hash was computed does not get in.
    const { count } = await tx.account.updateMany({
      where: { id: accountId, state: "active", passwordHash },
      data: { lastLoginAt: ctx.clock.now() },
    });
    const person = count === 0 ? null : await readPerson(tx, accountId);
    if (person === null) throw wrong();
    const { sessionEpoch } = await tx.account.findUniqueOrThrow({
      where: { id: accountId },
      select: { sessionEpoch: true },
    });
    await recordEvent({ ...ctx, actor: person }, tx, { action: "login.succeeded", accountId });
    return { accountId, sessionEpoch };
  });
}

/**
 * Enough of an unknown address to recognise an attack by, and not enough to keep someone's typing for ever: what
 * is no address may be a password in the wrong field, also one with an @ in it.
 */
function masked(email: string): string {
  const [, first, domain] = /^([a-z0-9])[^\s@]*@((?:[a-z0-9-]+\.)+[a-z]{2,})$/.exec(email) ?? [];
  return first === undefined || domain === undefined ? "…" : `${first}…@${domain.slice(0, 100)}`;
}

async function recordFailure(ctx: Context, email: string, reason: string, accountId?: string): Promise<void> {
  await ctx.db.$transaction((tx) =>
    recordEvent(ctx, tx, {
      action: "login.failed",
      outcome: "refused",
      ...(accountId === undefined ? {} : { accountId }),
      details: { reason, email: masked(email.replaceAll("\u0000", "")) },
    }),
  );
}
