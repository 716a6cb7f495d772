/** Parts of the daemon that must move for it to count as alive, and how long each may be silent. */
export type LivenessLimits = Readonly<Record<string, number>>;

/** Knows whether every part of the daemon moves. Time is the monotonic clock's. */
export class Liveness {
  readonly #limitsMs: LivenessLimits;
  readonly #nowMs: () => number;
  readonly #beats = new Map<string, number>();

  constructor(limitsMs: LivenessLimits, nowMs: () => number = () => performance.now()) {
    this.#limitsMs = limitsMs;
    this.#nowMs = nowMs;
    for (const part of Object.keys(limitsMs)) this.#beats.set(part, nowMs());
  }

  /** A part has moved, or has nothing to do and knows it. */
  beat(part: string): void {
    this.#beats.set(part, this.#nowMs());
  }

  /** The parts that stand still. */
  get stuck(): string[] {
    const now = this.#nowMs();
    return Object.entries(this.#limitsMs).flatMap(([part, limitMs]) =>
      now - (this.#beats.get(part) ?? 0) > limitMs ? [part] : [],
    );
  }
}
