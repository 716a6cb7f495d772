import { createHash } from "node:crypto";
import { isIPv6 } from "node:net";
import { type RateLimiterPostgres, RateLimiterRes } from "rate-limiter-flexible";
import type { Context, Database } from "../context.ts";
import { AppError } from "../errors.ts";
import { openRateLimit } from "../rate-limit.ts";

/** Attempts in one window. An account's are forgotten when it signs in. */
const windowSeconds = 15 * 60;
const attemptsPerAccount = 10;
const attemptsPerAddress = 60;

type Limits = { account: RateLimiterPostgres; address: RateLimiterPostgres };

const limitsByDatabase = new WeakMap<Database, Limits>();

function limitsOf(db: Database): Limits {
  const known = limitsByDatabase.get(db);
  if (known !== undefined) return known;
  const limits = {
    account: openRateLimit(db, { prefix: "account", points: attemptsPerAccount, windowSeconds }),
    address: openRateLimit(db, { prefix: "address", points: attemptsPerAddress, windowSeconds, clears: true }),
  };
  limitsByDatabase.set(db, limits);
  return limits;
}

/** Not the text itself: people type passwords into the wrong field. */
const accountKey = (email: string) => createHash("sha256").update(email, "utf8").digest("base64url");

/** One household or host has a whole /64 of IPv6 addresses, so it is that which is counted. */
export function addressKey(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = "", tail] = address.toLowerCase().split("%")[0]?.split("::") ?? [];
  const [left, right] = [head.split(":").filter(Boolean), (tail ?? "").split(":").filter(Boolean)];
  // "::" stands for as many zero groups as make eight.
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0");
  const groups = [...left, ...zeros, ...right].slice(0, 4);
  return `${groups.map((group) => group.replace(/^0+(?=.)/, "")).join(":")}::/64`;
}

/** A limit that was reached; `isFirst` once per window, so that custody is told without being flooded. */
export class LoginLimitReached extends AppError {
  readonly isFirst: boolean;

  constructor(result: RateLimiterRes, limit: number) {
    const seconds = Math.max(1, Math.ceil(result.msBeforeNext / 1000));
    const minutes = Math.ceil(seconds / 60);
    super(
      "too_many_requests",
      `Too many attempts to sign in. Try again in ${minutes} ${minutes === 1 ? "minute" : "minutes"}.`,
      { retryAfterSeconds: seconds },
    );
    this.isFirst = result.consumedPoints === limit + 1;
  }
}

async function consume(limiter: RateLimiterPostgres, key: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (result) {
    if (result instanceof RateLimiterRes) throw new LoginLimitReached(result, limiter.points);
    throw result;
  }
}

/**
 * Counts one attempt against the account and the address, before the password is looked at: many attempts at
 * once are counted too. An account that does not exist is counted like one that does.
 *
 * @throws LoginLimitReached
 */
export async function takeLoginAttempt(ctx: Context, email: string): Promise<void> {
  const limits = limitsOf(ctx.db);
  if (ctx.origin.address !== null) await consume(limits.address, addressKey(ctx.origin.address));
  await consume(limits.account, accountKey(email));
}

/** Forgets the attempts of an account whose person has proven themselves. */
export async function clearLoginLimit(ctx: Context, email: string): Promise<void> {
  await limitsOf(ctx.db).account.delete(accountKey(email));
}

/** As clearLoginLimit, after an attempt that was right: it does not count against the address either. */
export async function returnLoginAttempt(ctx: Context, email: string): Promise<void> {
  await clearLoginLimit(ctx, email);
  if (ctx.origin.address !== null) await limitsOf(ctx.db).address.reward(addressKey(ctx.origin.address));
}
