import type { ClockFloor } from "../http/clock-floor.ts";

/** What is known of this device's clock. */
export type ClockView = {
  /** What sets it, in the words of manifests. */
  source: string;
  /** How far it is ahead of the archive's; null: the archive has not answered yet. */
  offsetMs: number | null;
  uncertaintyMs: number | null;
};

// The answer's Date has whole seconds (RFC 9110, section 5.6.7).
const dateStepMs = 1000;
/** A better figure wins; one that is older than this loses to any, because clocks are set and drift. */
const keepMs = 15 * 60_000;

/**
 * Learns from the archive's answers how wrong this device's clock is. Time between two moments is the monotonic
 * clock's; the wall clock is only read to be compared.
 */
export class ArchiveClock {
  readonly #wallMs: () => number;
  readonly #monotonicMs: () => number;
  /** What sets this device's clock, as far as the system tells. */
  source = "unknown";
  /** True time minus monotonic time, so that setting the device's clock changes nothing of it. */
  #best: { zeroMs: number; uncertaintyMs: number; learntAtMs: number } | null = null;

  constructor(wallMs: () => number = Date.now, monotonicMs: () => number = () => performance.now()) {
    this.#wallMs = wallMs;
    this.#monotonicMs = monotonicMs;
  }

  /** The archive said this time in an answer to a question asked at `askedAtMs` of the monotonic clock. */
  learn(serverTime: string, askedAtMs: number): void {
    const said = Date.parse(serverTime);
    if (Number.isNaN(said)) return;
    const nowMs = this.#monotonicMs();
    const roundTripMs = nowMs - askedAtMs;
    // A date without milliseconds was cut off, so on average half a second has passed.
    const stepMs = /\d\.\d+Z?$/.test(serverTime) ? 0 : dateStepMs;
    const uncertaintyMs = roundTripMs / 2 + stepMs / 2;
    const best = this.#best;
    if (best !== null && best.uncertaintyMs <= uncertaintyMs && nowMs - best.learntAtMs < keepMs) return;
    const zeroMs = said + stepMs / 2 - (askedAtMs + roundTripMs / 2);
    this.#best = { zeroMs, uncertaintyMs, learntAtMs: nowMs };
  }

  /** Milliseconds since 1970 by the archive's clock; null before its first answer. */
  nowMs(): number | null {
    return this.#best === null ? null : this.#best.zeroMs + this.#monotonicMs();
  }

  /** How far this device's clock is off. */
  view(): ClockView {
    const now = this.nowMs();
    const { source } = this;
    if (now === null || this.#best === null) return { source, offsetMs: null, uncertaintyMs: null };
    const uncertaintyMs = Math.ceil(this.#best.uncertaintyMs);
    return { source, offsetMs: Math.round(this.#wallMs() - now), uncertaintyMs };
  }
}

/** The time as far as anybody here knows it: the archive's, else this device's unless that is impossible; null: unknown. */
export function believedWallMs(clock: ArchiveClock, floor: ClockFloor, wallMs: () => number = Date.now): number | null {
  const here = wallMs();
  return clock.nowMs() ?? (floor.isImpossible(here) ? null : here);
}
