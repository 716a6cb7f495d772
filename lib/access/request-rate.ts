import type { Context, Database, Transaction } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError } from "../errors.ts";
import type { Person } from "../people/index.ts";
import { maxRequestsPerDay } from "./limits.ts";

const dayMs = 86_400_000;

/** The moment at which one of a requester's requests of the last day stops counting; null: there is room now. */
async function fullUntil(db: Database | Transaction, person: Person, now: Date): Promise<Date | null> {
  const newest = await db.request.findMany({
    where: { requesterId: person.accountId, createdAt: { gt: new Date(now.getTime() - dayMs) } },
    orderBy: { createdAt: "desc" },
    take: maxRequestsPerDay,
    select: { createdAt: true },
  });
  const oldest = newest.length < maxRequestsPerDay ? undefined : newest.at(-1);
  return oldest === undefined ? null : new Date(oldest.createdAt.getTime() + dayMs);
}

function tooMany(until: Date, now: Date): AppError {
  const message = `You have asked ${maxRequestsPerDay} times in the last 24 hours, which is the most. Ask again later.`;
  const retryAfterSeconds = Math.max(1, Math.ceil((until.getTime() - now.getTime()) / 1000));
  return new AppError("too_many_requests", message, { retryAfterSeconds });
}

/**
 * Refuses a requester who has asked too often, before their order is taken in, and says so in custody.
 *
 * @throws AppError too_many_requests
 */
export async function refuseTooMany(ctx: Context, person: Person): Promise<void> {
  const now = ctx.clock.now();
  const until = await fullUntil(ctx.db, person, now);
  if (until === null) return;
  const details = { permission: "requests.submit", reason: "too_many_requests", until: until.toISOString() };
  await ctx.db.$transaction((tx) => recordEvent(ctx, tx, { action: "access.refused", outcome: "refused", details }));
  throw tooMany(until, now);
}

/**
 * The same once more in the transaction of a new request, one after the other for each requester, so that many sent at
 * once cannot pass together.
 *
 * @throws AppError too_many_requests
 */
export async function requireRoomForOne(ctx: Context, tx: Transaction, person: Person): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`requests of ${person.accountId}`}, 0))`;
  const now = ctx.clock.now();
  const until = await fullUntil(tx, person, now);
  if (until !== null) throw tooMany(until, now);
}
