/** A birth that lies further off was made by another date than the rest. */
const plausibleMs = 5000;
const stepMs = 250;

/**
 * Knows at which moment of the wall clock a stream began. What reaches the disk reaches it late, by connecting,
 * probing and buffering, and never early: of all files' births the earliest, less what the stream had played until
 * then, is nearest to the truth.
 */
export class StreamClock {
  #zeroMs: number | null;
  readonly #isFixed: boolean;
  #wallOffsetMs: number | null = null;

  /** @param zeroMs when the stream began, where that is decided and not observed */
  constructor(zeroMs: number | null = null) {
    this.#zeroMs = zeroMs;
    this.#isFixed = zeroMs !== null;
  }

  /**
   * Notes that the file which begins at this position of the stream came into being.
   *
   * @param bornMs wall clock
   */
  sample(bornMs: number, positionMs: number): void {
    if (this.#isFixed) return;
    const zeroMs = bornMs - positionMs;
    if (this.#zeroMs === null) this.#zeroMs = zeroMs;
    else if (this.#zeroMs - zeroMs < plausibleMs) this.#zeroMs = Math.min(this.#zeroMs, zeroMs);
  }

  /** Compares the clocks: when the date was set, what was reckoned by it moves along. */
  check(wallMs: number, monotonicMs: number): void {
    const offsetMs = wallMs - monotonicMs;
    const before = this.#wallOffsetMs ?? offsetMs;
    const movedMs = offsetMs - before;
    if (Math.abs(movedMs) < stepMs && this.#wallOffsetMs !== null) return;
    this.#wallOffsetMs = offsetMs;
    if (this.#zeroMs !== null && !this.#isFixed) this.#zeroMs += movedMs;
  }

  /** Wall clock at a position of the stream; null while nothing has come. */
  wallMsAt(positionMs: number): number | null {
    return this.#zeroMs === null ? null : this.#zeroMs + positionMs;
  }
}
