const minBytes = 256 * 1024;
const maxBytes = 8 * 1024 * 1024;
/** A PATCH should take about so long: short enough to lose little, long enough that its answer costs little. */
const targetSeconds = 7;

/**
 * How much to put into one PATCH: as much as goes over this link in some seconds, less after it broke. The archive keeps
 * what arrives of a PATCH that breaks off, so what a cut costs is what was on its way, and the time that a large one
 * waits for its answer.
 */
export class PatchSize {
  #bytes = minBytes;

  /** The size of a PATCH that begins here; it never crosses the border of a chunk. */
  at(offset: number, chunkSizeBytes: number): number {
    return Math.min(Math.floor(this.#bytes), chunkSizeBytes - (offset % chunkSizeBytes));
  }

  /** A PATCH was acknowledged. */
  learn(bytes: number, ms: number): void {
    const fitting = (bytes / Math.max(ms, 1)) * 1000 * targetSeconds;
    // A short one at the border of a chunk is mostly waiting for its answer: it may be right, but shrinks nothing.
    const least = bytes < this.#bytes / 2 ? this.#bytes : minBytes;
    // Up by four at most: one quick answer from a buffer on the way is no proof of a fast link.
    this.#bytes = Math.min(Math.max(fitting, least), this.#bytes * 4, maxBytes);
  }

  /** A PATCH broke off, or somebody on the way finds it too large. */
  shrink(): void {
    this.#bytes = Math.max(this.#bytes / 2, minBytes);
  }

  /** True when it cannot become smaller. */
  get isLeast(): boolean {
    return this.#bytes <= minBytes;
  }
}
