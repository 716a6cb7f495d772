import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "../state/durable-file.ts";

/** No honest clock is before this: the time of this release, roughly. */
export const releaseFloorMs = Date.parse("2026-11-01T00:00:00Z");

const dayMs = 86_400_000;
/** A device that was not in touch for five years is more likely to have a clock that shows nonsense. */
const ceilingMs = 5 * 365 * dayMs;
/** Written again when it has moved by so much. */
const stepMs = 3_600_000;

/**
 * What is known of the time without any clock: it is after this release, and after the last time when this device and
 * its archive agreed on it.
 */
export class ClockFloor {
  readonly #path: string;
  #ms: number;

  private constructor(path: string, ms: number) {
    this.#path = path;
    this.#ms = ms;
  }

  /** With what the state folder remembers. */
  static async open(stateFolder: string): Promise<ClockFloor> {
    const path = join(stateFolder, "clock.json");
    const said = await readFile(path, "utf8").catch(() => "");
    const at = Date.parse(/"agreedAt":"([^"]+)"/.exec(said)?.[1] ?? "");
    return new ClockFloor(path, Number.isNaN(at) ? releaseFloorMs : Math.max(at, releaseFloorMs));
  }

  get ms(): number {
    return this.#ms;
  }

  /** Whether a clock that shows this cannot be right. */
  isImpossible(wallMs: number): boolean {
    return wallMs < this.#ms || wallMs > this.#ms + ceilingMs;
  }

  /** Both clocks were read at the same moment. Only where they agree is the floor moved: one alone may be forged. */
  note(archiveMs: number, wallMs: number): void {
    const agreedMs = Math.min(archiveMs, wallMs);
    if (Math.abs(archiveMs - wallMs) > dayMs || agreedMs < this.#ms + stepMs) return;
    this.#ms = agreedMs;
    const text = `${JSON.stringify({ agreedAt: new Date(agreedMs).toISOString() })}\n`;
    void replaceFile(this.#path, text, false).catch(() => undefined);
  }
}
