import { Interrupted, Problem } from "./problems.ts";

/** Waits for so many milliseconds, or rejects with Interrupted as soon as the signal says so. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new Interrupted());
    const onAbort = () => {
      clearTimeout(timer);
      reject(new Interrupted());
    };
    // Longer than 2^31 - 1 ms would fire at once.
    const timer = setTimeout(
      () => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      },
      Math.min(Math.max(ms, 0), 2_147_483_647),
    );
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** Limits of waiting between attempts. */
export type PatienceSettings = {
  /** Upper bound of the first delay. */
  firstDelayMs: number;
  /** Upper bound of every delay. */
  maxDelayMs: number;
  /** Give up after so long without progress; null: never. */
  giveUpAfterMs: number | null;
};

/**
 * Decides how long to wait before the next attempt: exponential with full jitter, so that a fleet that lost its
 * link together does not come back together; Retry-After is obeyed; progress starts the delays anew. Time is the
 * monotonic clock's, because a device may wake up in 1970.
 */
export class Patience {
  readonly #settings: PatienceSettings;
  readonly #random: () => number;
  #failures = 0;
  #progressAt = performance.now();

  constructor(settings: PatienceSettings, random: () => number = Math.random) {
    this.#settings = settings;
    this.#random = random;
  }

  /** Attempts that failed since the last progress. */
  get failures(): number {
    return this.#failures;
  }

  /** Something got further: the next failure begins with a short delay again. */
  progress(): void {
    this.#failures = 0;
    this.#progressAt = performance.now();
  }

  /**
   * Counts a failure and says how long to wait.
   *
   * @throws Problem "gave_up" when there was no progress for too long, or would be none until the next attempt
   */
  nextDelayMs(problem: Problem): number {
    const limitMs = Math.min(
      this.#settings.maxDelayMs,
      this.#settings.firstDelayMs * 2 ** Math.min(this.#failures, 30),
    );
    this.#failures += 1;
    const jittered = this.#random() * limitMs;
    // A server that says when is believed, but spread a little, and never for longer than an hour. One that says it again
    // and again is asked ever more seldom all the same: it cannot know how many others it has told.
    const asked = problem.retryAfterMs === undefined ? 0 : Math.min(problem.retryAfterMs, 3_600_000);
    const delayMs = asked > 0 ? Math.max(asked + this.#random() * Math.min(asked * 0.2, 5000), jittered) : jittered;
    this.check(problem, asked);
    return delayMs;
  }

  /**
   * @param aheadMs how long nothing can happen from now on
   * @throws Problem "gave_up" when there was no progress for too long, or would be none until then
   */
  check(reason: Problem, aheadMs = 0): void {
    const { giveUpAfterMs } = this.#settings;
    if (giveUpAfterMs === null || performance.now() - this.#progressAt + aheadMs < giveUpAfterMs) return;
    throw new Problem(
      "gave_up",
      `No progress for ${Math.round(giveUpAfterMs / 1000)} s; the last reason: ${reason.message} Nothing is lost; run the same command again to go on.`,
      { cause: reason },
    );
  }
}
