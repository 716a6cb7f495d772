type Bucket = { points: number; at: number };

/** Keys remembered at once; who is forgotten starts with a full bucket. */
const maxKeys = 20_000;

/**
 * How often something may happen, by key: `burst` times at once, and `perSecond` in the long run. In the memory of one
 * process, so that asking costs nothing; several processes allow several times as much.
 */
export class TokenBuckets {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  /** Takes one, if there is one. Returns the seconds until there is; 0: it was taken. */
  take(key: string, now = performance.now()): number {
    const points = this.#pointsOf(key, now);
    if (points < 1) return (1 - points) / this.#perSecond;
    this.#keep(key, { points: points - 1, at: now });
    return 0;
  }

  /** Gives one back that did not count. */
  give(key: string, now = performance.now()): void {
    this.#keep(key, { points: this.#pointsOf(key, now) + 1, at: now });
  }

  #keep(key: string, bucket: Bucket): void {
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    const oldest = this.#buckets.keys().next();
    if (this.#buckets.size > maxKeys && !oldest.done) this.#buckets.delete(oldest.value);
  }

  #pointsOf(key: string, now: number): number {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return this.#burst;
    return Math.min(this.#burst, bucket.points + ((now - bucket.at) / 1000) * this.#perSecond);
  }
}
