import type { FileRecord } from "../state/file-record.ts";
import type { StateStore } from "../state/state-store.ts";

const passingIntervalMs = 5000;

/** Holds the record of the file in work and writes its changes, one after the other. */
export class RecordKeeper {
  readonly #store: StateStore;
  #record: FileRecord;
  #writing: Promise<void> = Promise.resolve();
  #lastPassingMs = Number.NEGATIVE_INFINITY;

  constructor(store: StateStore, record: FileRecord) {
    this.#store = store;
    this.#record = record;
  }

  get record(): Readonly<FileRecord> {
    return this.#record;
  }

  /** Changes the record; on return it survives a power cut. @throws Problem "again" */
  async save(changes: Partial<FileRecord>): Promise<void> {
    this.#change(changes);
    await this.#write(true);
  }

  /** Changes the record and writes it when it is time: figures for `status` that may be lost. */
  note(changes: Partial<FileRecord>): void {
    this.#change(changes);
    const now = performance.now();
    if (now - this.#lastPassingMs < passingIntervalMs) return;
    this.#lastPassingMs = now;
    void this.#write(false).catch(() => undefined);
  }

  /** Writes what was noted last, as well as the disk allows. */
  async flush(): Promise<void> {
    await this.#write(false).catch(() => undefined);
  }

  #change(changes: Partial<FileRecord>): void {
    this.#record = { ...this.#record, ...changes, updatedAt: new Date().toISOString() };
  }

  #write(isDurable: boolean): Promise<void> {
    const written = this.#writing.catch(() => undefined).then(() => this.#store.write(this.#record, isDurable));
    this.#writing = written;
    return written;
  }
}
