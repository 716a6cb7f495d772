const minBytes = 256 * 1024;
const maxBytes = 8 * 1024 * 1024;
/** A PATCH should take about so long: short enough to lose little, long enough that its answer costs little. */
const targetSeconds = 7;
/** After a break the link is thought to break again for so many PATCHes. */
const carefulPatches = 8;
/** Of the fastest of so many PATCHes, a fifth more: what a PATCH waits for its answer is no slowness of the link. */
const lastRates = 3;
const paceOverRate = 1.2;
/** Below it a wrong guess would cost more than what a break does. */
const leastBytesPerSecond = 16_000;

/**
 * How much to put into one PATCH: as much as goes over this link in some seconds, less after it broke. The archive keeps
 * what arrives of a PATCH that breaks off, so what a cut costs is what was on its way, and the time that a large one
 * waits for its answer.
 */
export class PatchSize {
  #bytes = minBytes;
  #carefulLeft = 0;
  readonly #bytesPerSecond: number[] = [];
  /** A PATCH went through with nothing to hold it back since the last time that something did. */
  #isRateFresh = false;

  /** The size of a PATCH that begins here; it never crosses the border of a chunk. */
  at(offset: number, chunkSizeBytes: number): number {
    return Math.min(Math.floor(this.#bytes), chunkSizeBytes - (offset % chunkSizeBytes));
  }

  /** A PATCH was acknowledged. */
  learn(bytes: number, ms: number): void {
    const bytesPerSecond = (bytes / Math.max(ms, 1)) * 1000;
    const fitting = bytesPerSecond * targetSeconds;
    this.#noteRate(bytesPerSecond);
    this.#carefulLeft = Math.max(this.#carefulLeft - 1, 0);
    // A short one at the border of a chunk is mostly waiting for its answer: it may be right, but shrinks nothing.
    const least = bytes < this.#bytes / 2 ? this.#bytes : minBytes;
    // Up by four at most: one quick answer from a buffer on the way is no proof of a fast link.
    this.#bytes = Math.min(Math.max(fitting, least), this.#bytes * 4, maxBytes);
  }

  /** A PATCH broke off, or somebody on the way finds it too large. */
  shrink(): void {
    if (this.#isRateFresh) this.#carefulLeft = carefulPatches;
    this.#isRateFresh = false;
    this.#bytes = Math.max(this.#bytes / 2, minBytes);
  }

  /** How fast bytes may be handed over on a link that broke lately; null: as fast as the system takes them. */
  get paceBytesPerSecond(): number | null {
    if (this.#carefulLeft === 0 || this.#bytesPerSecond.length === 0) return null;
    return Math.max(Math.max(...this.#bytesPerSecond) * paceOverRate, leastBytesPerSecond);
  }

  // One that was held back tells nothing of the link, unless it was faster than what is known: its wait for the answer would
  // make the next one slower, and that one the next.
  #noteRate(bytesPerSecond: number): void {
    const isHeldBack = this.paceBytesPerSecond !== null;
    if (!isHeldBack) this.#isRateFresh = true;
    else if (bytesPerSecond <= Math.max(...this.#bytesPerSecond)) return;
    this.#bytesPerSecond.push(bytesPerSecond);
    if (this.#bytesPerSecond.length > lastRates) this.#bytesPerSecond.shift();
  }

  /** True when it cannot become smaller. */
  get isLeast(): boolean {
    return this.#bytes <= minBytes;
  }
}
