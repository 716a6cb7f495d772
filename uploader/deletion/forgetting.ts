import { lstat } from "node:fs/promises";
import { dirname } from "node:path";
import { stateGone } from "../delivery/describe-file.ts";
import type { World } from "../delivery/world.ts";
import { systemCode } from "../problems.ts";
import type { FileRecord } from "../state/file-record.ts";

/** So often everything that is remembered has its turn. */
const roundMs = 3_600_000;
/** Looked at in one go, so that nothing else waits for long. */
const batchFiles = 500;
/** Each is read at the start: the oldest go when there are more, however short they were kept. */
const maxTraces = 10_000;

type Options = {
  world: World;
  /**
   * Whether a missing file of a watched folder may be away with its card or disk, as far as the last look at the folders can
   * tell; null: it lies in none.
   */
  isAway: (path: string) => boolean | null;
  /** For how long a trace is kept after its file was gone, in running time. */
  keepMs: number;
  claim: (path: string) => boolean;
  release: (path: string, isGone: boolean) => void;
  monotonicMs?: () => number;
};

/**
 * Lets the memory of what is done with shrink: of a file that is sealed, or will not come, and that is gone from the
 * disk, a trace is kept for a while, and then nothing. What is still on the disk stays known, however old it is, so that
 * nothing is sent twice.
 */
export class Forgetting {
  readonly #options: Options;
  readonly #monotonicMs: () => number;
  #dueMs = 0;
  /** Keys that this round has not looked at yet. */
  #rest: string[] | null = null;

  constructor(options: Options) {
    this.#options = options;
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now());
  }

  /** Does a part of a round when it is time. Call after a whole look at the folders. @throws Problem "again" */
  async pass(): Promise<void> {
    const { store, signal } = this.#options.world;
    if (this.#rest === null) {
      if (this.#monotonicMs() < this.#dueMs) return;
      this.#dueMs = this.#monotonicMs() + roundMs;
      this.#rest = store.unseen();
    }
    const batch = this.#rest.splice(0, batchFiles);
    if (this.#rest.length === 0) this.#rest = null;
    await this.#leaveTraces(batch);
    if (this.#rest !== null || signal.aborted) return;
    await this.#forget();
  }

  async #leaveTraces(keys: readonly string[]): Promise<void> {
    const { world, claim, release } = this.#options;
    const claimed: FileRecord[] = [];
    try {
      for (const key of keys) {
        if (world.signal.aborted) return;
        const record = await world.store.readByKey(key);
        if (record === null || !(await this.#isGone(record)) || !claim(record.file)) continue;
        claimed.push(record);
        // Nothing of it is over there, and its number must not stay unexplained.
        if (record.phase === "refused" && record.server === world.archive.server)
          await stateGone(record, "vanished", world);
      }
      const records = await Promise.all(claimed.map(({ server, file }) => world.store.read(server, file)));
      await world.store.leaveTraces(records.filter((record) => record !== null));
    } finally {
      for (const { file } of claimed) release(file, false);
    }
  }

  async #forget(): Promise<void> {
    const { world, keepMs } = this.#options;
    const { store, chain } = world;
    const old: FileRecord[] = [];
    for (const key of store.oldTraces(store.runMs - keepMs, maxTraces)) {
      const record = await store.readByKey(key);
      // The chain's last link is named by the next one, and until then by its record alone.
      if (record === null || (record.sequence !== null && record.sequence === chain?.head?.sequence)) continue;
      // It may be back since the last look.
      if (!(await this.#isGone(record))) continue;
      old.push(record);
    }
    await chain?.forgetForGood(old.flatMap(({ sequence }) => sequence ?? []));
    await store.forget(old);
  }

  /** Whether a file was removed, and is not merely away with its card or disk. */
  async #isGone({ file, isDeleted }: FileRecord): Promise<boolean> {
    if (!(await isMissing(file))) return false;
    // What was deleted by us may be away as well: its card was, when its turn came.
    const isAway = this.#options.isAway(file);
    if (isAway !== null) return !isAway;
    // No look ever comes by it again.
    return isDeleted || !(await isMissing(dirname(file)));
  }
}

async function isMissing(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return false;
  } catch (error) {
    return systemCode(error) === "ENOENT";
  }
}
