import { Interrupted } from "../problems.ts";

type Waiter = { bytes: number; urgency: number; go: () => void };

/**
 * Spreads bytes over time so that all who take from it together stay at or under a rate, the most urgent first. The
 * rate may change at any moment; what was taken already is then paid off at the new one.
 */
export class ByteBucket {
  #bytesPerSecond: number | null;
  #freeAtMs = performance.now();
  readonly #waiters: Waiter[] = [];
  #timer: NodeJS.Timeout | null = null;

  /** @param bytesPerSecond null: no limit */
  constructor(bytesPerSecond: number | null) {
    this.#bytesPerSecond = bytesPerSecond;
  }

  setRate(bytesPerSecond: number | null): void {
    if (bytesPerSecond === this.#bytesPerSecond) return;
    const now = performance.now();
    const debtBytes = (Math.max(this.#freeAtMs - now, 0) / 1000) * (this.#bytesPerSecond ?? 0);
    this.#bytesPerSecond = bytesPerSecond;
    this.#freeAtMs = bytesPerSecond === null ? now : now + (debtBytes / bytesPerSecond) * 1000;
    this.#serve();
  }

  /** Takes bytes at once, without waiting: everybody else waits for them instead. */
  takeNow(bytes: number): void {
    if (this.#bytesPerSecond === null) return;
    this.#freeAtMs = Math.max(this.#freeAtMs, performance.now()) + (bytes / this.#bytesPerSecond) * 1000;
  }

  /**
   * Waits until so many bytes may go out.
   *
   * @param urgency the greater goes first
   * @throws Interrupted
   */
  take(bytes: number, urgency: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(new Interrupted());
      const onAbort = () => {
        const index = this.#waiters.indexOf(waiter);
        if (index >= 0) this.#waiters.splice(index, 1);
        reject(new Interrupted());
      };
      const waiter: Waiter = {
        bytes,
        urgency,
        go: () => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      signal.addEventListener("abort", onAbort, { once: true });
      const index = this.#waiters.findIndex((other) => other.urgency < urgency);
      this.#waiters.splice(index < 0 ? this.#waiters.length : index, 0, waiter);
      this.#serve();
    });
  }

  #serve(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (let [next] = this.#waiters; next !== undefined; [next] = this.#waiters) {
      const waitMs = this.#freeAtMs - performance.now();
      if (this.#bytesPerSecond !== null && waitMs > 0) {
        this.#timer = setTimeout(() => this.#serve(), Math.min(waitMs, 60_000));
        return;
      }
      this.#waiters.shift();
      this.takeNow(next.bytes);
      next.go();
    }
  }
}
