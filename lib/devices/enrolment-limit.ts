import { type RateLimiterPostgres, RateLimiterRes } from "rate-limiter-flexible";
import type { Context, Database } from "../context.ts";
import { AppError } from "../errors.ts";
import { jitteredSeconds } from "../jitter.ts";
import { addressKey } from "../people/index.ts";
import { openRateLimit } from "../rate-limit.ts";

const quarterHour = 15 * 60;
const limit = {
  /** Room for a depot whose machines enrol behind one address at the same moment. */
  address: { points: 300, windowSeconds: quarterHour },
  code: { points: 200, windowSeconds: quarterHour },
  /**
   * Of all typed codes together, in short windows: who floods them slows others down by seconds and shuts nobody out.
   * With both, 1,728,000 guesses a day at 25,600,000,000 codes.
   */
  typed: { points: 100, windowSeconds: 10 },
  /** The same for addresses that have hardly guessed: a flood from a few does not touch them. */
  fresh: { points: 100, windowSeconds: 10 },
};
/** Wrong codes from one address in a quarter of an hour after which it stands in line with those that guess. */
const freshAttempts = 5;

type Name = keyof typeof limit;

const limitsByDatabase = new WeakMap<Database, Record<Name, RateLimiterPostgres>>();

function limitsOf(db: Database): Record<Name, RateLimiterPostgres> {
  const known = limitsByDatabase.get(db);
  if (known !== undefined) return known;
  const open = (name: Name) => openRateLimit(db, { prefix: `enrol-${name}`, ...limit[name], clears: name === "code" });
  const limits = { address: open("address"), code: open("code"), typed: open("typed"), fresh: open("fresh") };
  limitsByDatabase.set(db, limits);
  return limits;
}

/** What is tried, and by what it is known afterwards. */
export type EnrolmentAttempt = { codeSha256: string; isTyped: boolean };

/** What an attempt was counted against, to be given back when its code was right. */
export type TakenAttempt = readonly (readonly [Name, string])[];

/**
 * Counts an attempt to enrol before its code is looked up, so that many at once are counted too.
 *
 * @throws AppError too_many_requests
 */
export async function takeEnrolmentAttempt(ctx: Context, attempt: EnrolmentAttempt): Promise<TakenAttempt> {
  const { address } = ctx.origin;
  const taken: [Name, string][] = [];
  const take = async (name: Name, key: string) => {
    taken.push([name, key]);
    return consume(ctx, name, key);
  };
  const wrong = address === null ? 0 : await take("address", addressKey(address));
  await take("code", attempt.codeSha256);
  if (attempt.isTyped) await take(wrong > freshAttempts ? "typed" : "fresh", "all");
  return taken;
}

async function consume(ctx: Context, name: Name, key: string): Promise<number> {
  try {
    return (await limitsOf(ctx.db)[name].consume(key)).consumedPoints;
  } catch (result) {
    if (!(result instanceof RateLimiterRes)) throw result;
    // Those who were refused together do not come back together.
    const retryAfterSeconds = Math.max(1, Math.ceil(result.msBeforeNext / 1000)) + jitteredSeconds(0, 5);
    throw new AppError("too_many_requests", "Too many attempts to enrol. Try again later.", { retryAfterSeconds });
  }
}

/** Takes an attempt back: the code was right. */
export async function returnEnrolmentAttempt(ctx: Context, taken: TakenAttempt): Promise<void> {
  for (const [name, key] of taken) await limitsOf(ctx.db)[name].reward(key);
}
