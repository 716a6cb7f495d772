import type { StateDisk } from "./disk.ts";

/** Room for some hundred lines: enough to say what happens while nothing else can be written. */
const reserveBytes = 256 * 1024;

/**
 * Space that is taken before it is needed. A disk that recordings have filled leaves the journal these bytes, so that
 * files which are being delivered can still be finished with, and be deleted where that is allowed.
 */
export class Reserve {
  readonly #disk: StateDisk;
  readonly #path: string;
  #isHeld = false;

  constructor(disk: StateDisk, folder: string) {
    this.#disk = disk;
    this.#path = `${folder}/reserve`;
  }

  /** Takes the space; false when the disk has none. */
  async take(): Promise<boolean> {
    if (this.#isHeld) return true;
    try {
      const file = await this.#disk.open(this.#path, "append");
      try {
        // Bytes that are not zero: some file systems keep no room for a file of zeros.
        const missing = reserveBytes - (await file.sizeBytes());
        if (missing > 0) await file.write(Buffer.alloc(missing, 0x52), reserveBytes - missing);
        await file.sync();
      } finally {
        await file.close();
      }
      this.#isHeld = true;
    } catch {
      await this.#disk.remove(this.#path).catch(() => undefined);
    }
    return this.#isHeld;
  }

  /** Gives the space to whoever writes next. @returns whether there was any */
  async release(): Promise<boolean> {
    if (!this.#isHeld) return false;
    this.#isHeld = false;
    await this.#disk.remove(this.#path).catch(() => undefined);
    return true;
  }
}
