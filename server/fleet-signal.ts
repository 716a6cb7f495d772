import type { Signals } from "../lib/signals.ts";

/** What processes tell each other: which devices changed, and not how, as readers look for themselves. */
const word = "fleet_changed";
/** A thousand devices say something twenty times a second; people look once. */
const everyMs = 1_000;
/** A message between processes has at most 8,000 bytes; of more devices than this it says "many". */
const mostTold = 300;

/** Tells all processes of an archive that a device changed, about once a second however many do. */
export class FleetSignal {
  readonly #signals: Signals;
  readonly #listeners = new Set<(devices: readonly string[] | null) => void>();
  readonly #changed = new Set<string>();
  readonly #closers = new Set<() => void>();
  #toldAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;

  constructor(signals: Signals) {
    this.#signals = signals;
    signals.listen((text) => {
      const [said, ...devices] = text.split(" ");
      if (said !== word) return;
      this.#toldAt = performance.now();
      for (const listener of this.#listeners) listener(devices.length === 0 ? null : devices);
    });
  }

  /** Something of this device was committed that a page of the fleet shows. */
  changed(deviceId: string): void {
    this.#changed.add(deviceId);
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
    const devices = this.#changed.size > mostTold ? [] : this.#changed;
    this.#signals.send([word, ...devices].join(" "));
    this.#changed.clear();
  }

  /**
   * Hears of changes until what is returned is called: of which devices (null: of very many). `onClose`: the server stops.
   */
  watch(onChange: (devices: readonly string[] | null) => void, onClose: () => void): () => void {
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
