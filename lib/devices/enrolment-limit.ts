import { type RateLimiterPostgres, RateLimiterRes } from "rate-limiter-flexible";
import type { Context, Database } from "../context.ts";
import { AppError } from "../errors.ts";
import { addressKey } from "../people/index.ts";
import { openRateLimit } from "../rate-limit.ts";

const windowSeconds = 15 * 60;
const points = {
  /** Room for a depot whose machines enrol behind one address at the same moment. */
  address: 300,
  code: 200,
  /** Of all typed codes together, from anywhere: 96,000 guesses a day at 25,600,000,000 codes. */
  typed: 1000,
};

type Name = keyof typeof points;

const limitsByDatabase = new WeakMap<Database, Record<Name, RateLimiterPostgres>>();

function limitsOf(db: Database): Record<Name, RateLimiterPostgres> {
  const known = limitsByDatabase.get(db);
  if (known !== undefined) return known;
  const open = (name: Name) =>
    openRateLimit(db, { prefix: `enrol-${name}`, points: points[name], windowSeconds, clears: name === "code" });
  const limits = { address: open("address"), code: open("code"), typed: open("typed") };
  limitsByDatabase.set(db, limits);
  return limits;
}

/** Whom an attempt is counted against. */
export type EnrolmentAttempt = { codeSha256: string; isTyped: boolean };

function keysOf(ctx: Context, { codeSha256, isTyped }: EnrolmentAttempt): [Name, string][] {
  const { address } = ctx.origin;
  return [
    ...(address === null ? [] : [["address", addressKey(address)] as [Name, string]]),
    ["code", codeSha256],
    ...(isTyped ? [["typed", "all"] as [Name, string]] : []),
  ];
}

/**
 * Counts an attempt to enrol before its code is looked up, so that many at once are counted too.
 *
 * @throws AppError too_many_requests
 */
export async function takeEnrolmentAttempt(ctx: Context, attempt: EnrolmentAttempt): Promise<void> {
  const limits = limitsOf(ctx.db);
  for (const [name, key] of keysOf(ctx, attempt)) {
    try {
      await limits[name].consume(key);
    } catch (result) {
      if (!(result instanceof RateLimiterRes)) throw result;
      const retryAfterSeconds = Math.max(1, Math.ceil(result.msBeforeNext / 1000));
      throw new AppError("too_many_requests", "Too many attempts to enrol. Try again later.", { retryAfterSeconds });
    }
  }
}

/** Takes an attempt back: the code was right. */
export async function returnEnrolmentAttempt(ctx: Context, attempt: EnrolmentAttempt): Promise<void> {
  const limits = limitsOf(ctx.db);
  for (const [name, key] of keysOf(ctx, attempt)) await limits[name].reward(key);
}
