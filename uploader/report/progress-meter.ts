import type { Report } from "./events.ts";

const intervalMs = 500;
/** Weight halves after so long: steady enough to read, quick enough to believe. */
const halfLifeMs = 4000;

/** Turns offsets into progress events with a rate and a time left, at most two a second. */
export class ProgressMeter {
  readonly #report: Report;
  readonly #file: string;
  readonly #sizeBytes: number;
  #acknowledgedBytes = 0;
  #lastBytes: number | null = null;
  #lastAtMs = 0;
  #rate: number | null = null;

  constructor(report: Report, file: string, sizeBytes: number) {
    this.#report = report;
    this.#file = file;
    this.#sizeBytes = sizeBytes;
  }

  /** The archive has so many bytes. */
  acknowledged(bytes: number): void {
    this.#acknowledgedBytes = bytes;
    this.sent(bytes, bytes === this.#sizeBytes);
  }

  /** So many bytes went out. */
  sent(sentBytes: number, isForced = false): void {
    const now = performance.now();
    if (this.#lastBytes === null || sentBytes < this.#lastBytes) {
      // The first look, or bytes that have to go again: a new base, no rate.
      this.#lastBytes = sentBytes;
      this.#lastAtMs = now;
      return;
    }
    const elapsedMs = now - this.#lastAtMs;
    if (elapsedMs < intervalMs && !isForced) return;
    if (elapsedMs > 0) {
      const current = ((sentBytes - this.#lastBytes) / elapsedMs) * 1000;
      const weight = 1 - 0.5 ** (elapsedMs / halfLifeMs);
      this.#rate = this.#rate === null ? current : this.#rate + (current - this.#rate) * weight;
    }
    this.#lastBytes = sentBytes;
    this.#lastAtMs = now;
    const rate = this.#rate ?? 0;
    this.#report({
      event: "progress",
      file: this.#file,
      acknowledgedBytes: this.#acknowledgedBytes,
      sentBytes,
      sizeBytes: this.#sizeBytes,
      bytesPerSecond: Math.round(rate),
      secondsLeft: rate > 0 ? Math.ceil((this.#sizeBytes - sentBytes) / rate) : null,
    });
  }
}
