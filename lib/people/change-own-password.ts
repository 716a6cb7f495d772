import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError } from "../errors.ts";
import { parseInput } from "../input.ts";
import { authorise } from "./authorise.ts";
import { endLinks } from "./internal.ts";
import { returnLoginAttempt, takeLoginAttempt } from "./login-limit.ts";
import { hashPassword, isPasswordOf } from "./passwords.ts";
import { changePasswordInput } from "./schemas.ts";
import type { SessionClaims } from "./types.ts";

/**
 * Replaces the caller's own password and ends all their sessions and unused links; the answer is what a new one is made of. A
 * wrong current password counts as an attempt to sign in.
 *
 * @throws AppError unauthenticated, invalid_input (currentPassword, newPassword), too_many_requests
 */
export async function changeOwnPassword(
  ctx: Context,
  input: { currentPassword: string; newPassword: string },
): Promise<SessionClaims> {
  const { accountId, email } = await authorise(ctx, "account.self");
  const { currentPassword, newPassword } = parseInput(changePasswordInput, input);
  await takeLoginAttempt(ctx, email);
  const { passwordHash: before } = await ctx.db.account.findUniqueOrThrow({ where: { id: accountId } });
  if (!(await isPasswordOf(before, currentPassword)))
    throw new AppError("invalid_input", "This is not your password.", { field: "currentPassword" });
  const passwordHash = await hashPassword(newPassword);
  const claims = await ctx.db.$transaction(async (tx) => {
    const { count } = await tx.account.updateMany({
      where: { id: accountId, state: "active", passwordHash: before },
      data: { passwordHash, sessionEpoch: { increment: 1 } },
    });
    if (count === 0) throw new AppError("state_conflict", "Your account was changed meanwhile. Sign in again.");
    await endLinks(ctx, tx, accountId);
    await recordEvent(ctx, tx, { action: "account.password_changed", accountId, details: { through: "own" } });
    const { sessionEpoch } = await tx.account.findUniqueOrThrow({ where: { id: accountId } });
    return { accountId, sessionEpoch };
  });
  await returnLoginAttempt(ctx, email);
  return claims;
}
