import type { Context } from "../context.ts";
import { type Lease, leaseLost } from "./lease.ts";
import type { ProgressEntry } from "./write-progress.ts";

type Waiting = ProgressEntry & { resolve: () => void; reject: (error: unknown) => void };

/** Writes all of a group or nothing; returns the leases under which it was written, without those that were lost. */
type Write = (ctx: Context, group: readonly ProgressEntry[]) => Promise<Set<Lease>>;

/** Uploads in one group; far more than ever wait at once. */
const maxGroup = 128;

/**
 * Commits what many uploads have to commit together: while one group is written, the next gathers. One upload alone
 * waits for nothing; a hundred cost hardly more than one.
 */
export class GroupCommit {
  readonly #write: Write;
  #waiting: Waiting[] = [];
  #isRunning = false;

  constructor(write: Write) {
    this.#write = write;
  }

  /**
   * Settles when it is durable.
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
      const written = await this.#write(first.ctx, group);
      for (const { lease, resolve, reject } of group) {
        if (written.has(lease)) resolve();
        else reject(leaseLost());
      }
    } catch (error) {
      if (group.length === 1) return first.reject(error);
      // One of them may have spoilt it for all: each for itself.
      await Promise.all(group.map((one) => this.#commit([one])));
    }
  }
}
