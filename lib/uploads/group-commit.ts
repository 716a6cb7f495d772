import { leaseLost } from "./lease.ts";
import { type ProgressEntry, writeProgress } from "./write-progress.ts";

type Waiting = ProgressEntry & { resolve: () => void; reject: (error: unknown) => void };

/** Uploads in one statement; far more than ever wait at once. */
const maxGroup = 128;

/**
 * Commits the progress of many uploads together: while one statement runs, the next group gathers. One upload
 * alone waits for nothing; a hundred cost hardly more than one.
 */
export class GroupCommit {
  #waiting: Waiting[] = [];
  #isRunning = false;

  /**
   * Settles when the progress is durable.
   *
   * @throws AppError locked when the lease was lost: nothing of this upload was written
   */
  add(entry: ProgressEntry): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...entry, resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) await this.#commit(this.#waiting.splice(0, maxGroup));
    this.#isRunning = false;
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    const [first] = group;
    if (first === undefined) return;
    try {
      const written = await writeProgress(first.ctx.sql, group);
      for (const { lease, resolve, reject } of group) {
        if (written.has(lease)) resolve();
        else reject(leaseLost());
      }
    } catch (error) {
      if (group.length === 1) return first.reject(error);
      // One of them may have spoilt it for all: each for itself.
      for (const one of group) await this.#commit([one]);
    }
  }
}
