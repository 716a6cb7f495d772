import { digestOf } from "../finding/rename-watch.ts";

/** So many lines that say the same, in this time, are written; the rest are counted. */
const limit = 5;
const windowMs = 60_000;
/** More kinds of lines than this at a time: the oldest is forgotten. */
const maxKinds = 500;

/** A line tells its kind by so much of it. */
const maxKindLength = 300;

type Kind = { sinceMs: number; written: number; dropped: number };

/**
 * Holds back lines that repeat: a link that is gone for a night says so five times a minute at most, and then how often
 * it was not said. Lines are the same when they differ in digits alone.
 */
export class Repeats {
  /** By a digest: the lines themselves would be kept as hundreds of small pieces each. */
  readonly #kinds = new Map<number, Kind>();

  /** Whether a line may be written now, and how many of its kind were held back before it. */
  admit(line: string, nowMs: number): { isWritten: boolean; heldBack: number } {
    const key = digestOf(line.replaceAll(/[0-9]+/g, "0").slice(0, maxKindLength));
    const kind = this.#kinds.get(key);
    if (kind === undefined || nowMs - kind.sinceMs >= windowMs) {
      this.#kinds.delete(key);
      this.#kinds.set(key, { sinceMs: nowMs, written: 1, dropped: 0 });
      if (this.#kinds.size > maxKinds) this.#kinds.delete(this.#kinds.keys().next().value ?? 0);
      return { isWritten: true, heldBack: kind?.dropped ?? 0 };
    }
    if (kind.written >= limit) {
      kind.dropped += 1;
      return { isWritten: false, heldBack: 0 };
    }
    kind.written += 1;
    return { isWritten: true, heldBack: 0 };
  }
}
