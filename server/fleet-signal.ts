import type { Signals } from "../lib/signals.ts";

/** What processes tell each other when something of the fleet changed: not what, as readers look for themselves. */
const word = "fleet_changed";
/** A thousand devices say something twenty times a second; people look once. */
const everyMs = 1_000;

/** Tells all processes of an archive that a device changed, about once a second however many do. */
export class FleetSignal {
  readonly #signals: Signals;
  readonly #listeners = new Set<() => void>();
  readonly #closers = new Set<() => void>();
  #toldAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;

  constructor(signals: Signals) {
    this.#signals = signals;
    signals.listen((text) => {
      if (text !== word) return;
      this.#toldAt = performance.now();
      for (const listener of this.#listeners) listener();
    });
  }

  /** Something was committed that a page of the fleet shows. */
  changed(): void {
    if (this.#timer !== null) return;
    const waitMs = this.#toldAt + everyMs - performance.now();
    if (waitMs <= 0) this.#tell();
    else this.#tellIn(waitMs);
  }

  #tellIn(waitMs: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = null;
      // Another process may have told meanwhile, but before what was committed here.
      const moreMs = this.#toldAt + everyMs - performance.now();
      if (moreMs > 0) this.#tellIn(moreMs);
      else this.#tell();
    }, waitMs);
    this.#timer.unref();
  }

  #tell(): void {
    this.#toldAt = performance.now();
    this.#signals.send(word);
  }

  /** Hears of changes until what is returned is called. `onClose`: the server stops. */
  watch(onChange: () => void, onClose: () => void): () => void {
    this.#listeners.add(onChange);
    this.#closers.add(onClose);
    return () => {
      this.#listeners.delete(onChange);
      this.#closers.delete(onClose);
    };
  }

  /** Ends all who watch. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const close of this.#closers) close();
  }
}
