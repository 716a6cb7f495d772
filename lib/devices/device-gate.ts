import { AppError } from "../errors.ts";
import { jitteredSeconds } from "../jitter.ts";
import { addressKey } from "../people/index.ts";
import { TokenBuckets } from "../token-buckets.ts";

/** How much of one process a device may have. */
export type DeviceLimits = {
  /** Requests a second in the long run; ten seconds of it at once. 0: no limit. */
  requestsPerSecond: number;
  /** Bodies that it sends at the same time. */
  transfers: number;
};

/** Tokens that nobody has, which one address may show at once, and a second in the long run. */
const wrongTokens = 100;
const wrongTokensPerSecond = 1;

/** Questions of those who show no token, of one address: a whole depot that starts at once, and in the long run a second. */
const questions = 2000;
const questionsPerSecond = 20;

function later(message: string, seconds: number): AppError {
  const least = Math.max(1, Math.ceil(seconds));
  return new AppError("too_many_requests", message, { retryAfterSeconds: jitteredSeconds(least, least * 2) });
}

/**
 * What one device, or one address without a token that is good, may ask of this process. Counted in memory: it keeps one
 * of many from taking all, and is no accounting.
 */
export class DeviceGate {
  readonly #limits: DeviceLimits;
  readonly #requests: TokenBuckets | null;
  readonly #wrong = new TokenBuckets(wrongTokensPerSecond, wrongTokens);
  readonly #questions = new TokenBuckets(questionsPerSecond, questions);
  readonly #transfers = new Map<string, number>();

  constructor(limits: DeviceLimits) {
    this.#limits = limits;
    const { requestsPerSecond } = limits;
    this.#requests = requestsPerSecond === 0 ? null : new TokenBuckets(requestsPerSecond, requestsPerSecond * 10);
  }

  /**
   * Counts a token that is not known to be good before it is looked up, so that many at once are counted too.
   *
   * @throws AppError too_many_requests when too many wrong ones came from this address
   */
  takeGuess(address: string | null): void {
    const seconds = this.#wrong.take(addressKey(address ?? ""));
    if (seconds > 0) throw later("Too many unknown tokens came from this address.", seconds);
  }

  /** Takes a guess back: it was a device's own token. */
  returnGuess(address: string | null): void {
    this.#wrong.give(addressKey(address ?? ""));
  }

  /**
   * Counts a question of somebody who shows no token: for a nonce, or for a token itself.
   *
   * @throws AppError too_many_requests
   */
  takeQuestion(address: string | null): void {
    const seconds = this.#questions.take(addressKey(address ?? ""));
    if (seconds > 0) throw later("Too many questions without a token came from this address.", seconds);
  }

  /** Takes a question back: a device asked it. */
  returnQuestion(address: string | null): void {
    this.#questions.give(addressKey(address ?? ""));
  }

  /**
   * Counts a request of a device.
   *
   * @throws AppError too_many_requests; for HEAD locked, at which no client drops what it has begun
   */
  countRequest(deviceId: string, method: string): void {
    const seconds = this.#requests?.take(deviceId) ?? 0;
    if (seconds === 0) return;
    const error = later("This device asks too often.", seconds);
    if (method !== "HEAD") throw error;
    throw new AppError("locked", error.message, { retryAfterSeconds: error.retryAfterSeconds ?? 1 });
  }

  /**
   * Begins a transfer of a device; the caller calls what is returned at its end.
   *
   * @throws AppError too_many_requests
   */
  beginTransfer(deviceId: string): () => void {
    const running = this.#transfers.get(deviceId) ?? 0;
    if (running >= this.#limits.transfers)
      throw later(`This device sends ${running} bodies at once already; let one of them end first.`, 1);
    this.#transfers.set(deviceId, running + 1);
    return () => {
      const left = (this.#transfers.get(deviceId) ?? 1) - 1;
      if (left === 0) this.#transfers.delete(deviceId);
      else this.#transfers.set(deviceId, left);
    };
  }
}
