import { sleep } from "./patience.ts";

/**
 * Spreads bytes over time so that all uploads of this process together stay at or under a rate. Callers take
 * slices of at most 64 KiB, which keeps the flow smooth.
 */
export class RateLimit {
  readonly #bytesPerSecond: number | null;
  #freeAtMs = performance.now();

  /** @param bytesPerSecond null: no limit */
  constructor(bytesPerSecond: number | null) {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Waits until so many bytes may go out. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    if (this.#bytesPerSecond === null) return;
    const now = performance.now();
    const startMs = Math.max(this.#freeAtMs, now);
    this.#freeAtMs = startMs + (bytes / this.#bytesPerSecond) * 1000;
    if (startMs > now) await sleep(startMs - now, signal);
  }
}
