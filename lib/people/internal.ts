import type { Role } from "../../generated/prisma/client.ts";
import type { Context, Transaction } from "../context.ts";
import { AppError } from "../errors.ts";
import { newId } from "../ids.ts";
import { newSecret, secretSha256 } from "../secrets.ts";
import type { IssuedLink } from "./types.ts";

const dayMs = 24 * 3_600_000;
/** How long an invitation works. */
export const invitationMs = 7 * dayMs;
/** How long a link to set a new password works. */
export const resetMs = dayMs;

/** Ends the unused links of an account, in the transaction of what makes them void. */
export async function endLinks(ctx: Context, tx: Transaction, accountId: string): Promise<void> {
  const now = ctx.clock.now();
  await tx.invitation.updateMany({
    where: { accountId, usedAt: null, expiresAt: { gt: now } },
    data: { expiresAt: now },
  });
}

/** Makes a one-time link inside the transaction of the verb that gives it out, and ends the older ones. */
export async function createLink(
  ctx: Context,
  tx: Transaction,
  accountId: string,
  durationMs: number,
): Promise<IssuedLink> {
  const now = ctx.clock.now();
  const expiresAt = new Date(now.getTime() + durationMs);
  const secret = newSecret();
  await endLinks(ctx, tx, accountId);
  await tx.invitation.create({
    data: { id: newId("invitation"), accountId, secretSha256: secretSha256(secret), createdAt: now, expiresAt },
  });
  return { accountId, secret, expiresAt };
}

/**
 * Locks all active administrators, so that two who disable or demote each other at the same moment do it one
 * after the other, and refuses when `accountId` is the last of them.
 */
export async function keepAnAdministrator(tx: Transaction, accountId: string): Promise<void> {
  const admins = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM account WHERE role = 'admin' AND state = 'active' ORDER BY id FOR UPDATE`;
  if (admins.length === 1 && admins[0]?.id === accountId)
    throw new AppError("conflict", "This is the last active administrator. Make another one first.");
}

/** Requesters act for an outside organisation, everyone else for the operator. */
export function roleFits(role: Role, organisationKind: string): boolean {
  return (role === "requester") === (organisationKind !== "operator");
}

/** Refuses a step on one's own account that would be one's own judge. */
export function notOneself(ctx: Context, accountId: string, message: string): void {
  if (ctx.actor.kind === "person" && ctx.actor.accountId === accountId) throw new AppError("forbidden", message);
}
