import type { FileClass } from "../../lib/protocol/index.ts";
import type { FoundFile } from "../finding/found-file.ts";
import { Interrupted } from "../problems.ts";
import type { Waiting } from "../waiting.ts";

/** Where a file stands in the queue. */
export type Stage = "found" | "described" | "delivered";

/** A file in the queue: small, because there may be ten thousand. */
export type Job = {
  readonly path: string;
  class: FileClass;
  stage: Stage;
  sizeBytes: number;
  /** When it was recorded, as far as anybody knows; the queue goes by it. */
  orderMs: number;
  /** As it was found; null once it is described. */
  found: FoundFile | null;
  /** The monotonic time before which it is not tried again. */
  notBeforeMs: number;
  /** In a row. */
  failures: number;
  /** How often it was sent whole and is wanted again. */
  returns: number;
  isInWork: boolean;
  /** Who has it, while it is in work. */
  lane: Lane | null;
  /** While it is in work: it waits between two attempts, and holds up nobody. */
  isResting: boolean;
  /** Number of the last look at the folders that saw it. */
  seenAtScan: number;
  /** The monotonic time since when it was not seen any more; null: it was. */
  missingSinceMs: number | null;
};

/** Who takes jobs: one who reads files, one who asks for seals, many who send, and one who sends what is urgent. */
export type Lane = "describe" | "control" | "bulk" | "confirm";

const stageOf: Record<Lane, Stage> = {
  describe: "found",
  control: "described",
  bulk: "described",
  confirm: "delivered",
};
const urgency: Record<FileClass, number> = { wanted: 0, event: 1, bulk: 2 };

type Taker = { lane: Lane; resolve: (job: Job) => void };

type Options = {
  /** Why nothing of a class may go now; null: it may. */
  whyNot: (fileClass: FileClass) => Waiting | null;
  monotonicMs?: () => number;
};

/**
 * The queue: what was asked for goes first, then events, then everything else; within these the oldest, or the newest.
 * A file that failed rests while others have their turn. While something urgent is under way, the rest stops at the
 * next PATCH.
 */
export class Scheduler {
  readonly #jobs = new Map<string, Job>();
  readonly #options: Options;
  readonly #monotonicMs: () => number;
  #takers: Taker[] = [];
  #timer: NodeJS.Timeout | null = null;
  order: "oldest" | "newest" = "oldest";
  /** So many bulk lanes work at a time, of however many there are. */
  parallel = 1;

  constructor(options: Options) {
    this.#options = options;
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now());
  }

  get size(): number {
    return this.#jobs.size;
  }

  jobs(): IterableIterator<Job> {
    return this.#jobs.values();
  }

  get(path: string): Job | null {
    return this.#jobs.get(path) ?? null;
  }

  /**
   * Puts a file into the queue, or changes its place.
   *
   * @param wakes false: whoever offers many at once calls `wake` after the last
   */
  offer(given: Pick<Job, "path" | "class" | "stage" | "sizeBytes" | "orderMs" | "found">, wakes = true): Job {
    const known = this.#jobs.get(given.path);
    const fresh = {
      notBeforeMs: 0,
      failures: 0,
      returns: 0,
      isInWork: false,
      isResting: false,
      seenAtScan: 0,
      lane: null,
    };
    const job: Job = Object.assign(known ?? { ...given, ...fresh, missingSinceMs: null }, given);
    this.#jobs.set(given.path, job);
    if (wakes) this.wake();
    return job;
  }

  /**
   * The file is out of the queue.
   *
   * @param wakes false: whoever drops many at once calls `wake` after the last
   */
  drop(path: string, wakes = true): void {
    this.#jobs.delete(path);
    if (wakes) this.wake();
  }

  /** Gives a job back: further in its course, or to be tried again after a while. */
  putBack(job: Job, change: Partial<Pick<Job, "stage" | "found">> = {}, afterMs = 0): void {
    Object.assign(job, change, {
      isInWork: false,
      isResting: false,
      lane: null,
      notBeforeMs: this.#monotonicMs() + afterMs,
    });
    this.wake();
  }

  /** The next job for a lane; waits until there is one. @throws Interrupted */
  take(lane: Lane, signal: AbortSignal): Promise<Job> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(new Interrupted());
      const taker: Taker = {
        lane,
        resolve: (job) => {
          signal.removeEventListener("abort", onAbort);
          resolve(job);
        },
      };
      const onAbort = () => {
        this.#takers = this.#takers.filter((other) => other !== taker);
        reject(new Interrupted());
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#takers.push(taker);
      this.wake();
    });
  }

  /** Whether a job under way should stop at the next PATCH. */
  shouldYield(job: Job): boolean {
    if (this.#options.whyNot(job.class) !== null) return true;
    return job.class === "bulk" && this.#hasUrgent();
  }

  /** The job that a lane would take now; null: none. */
  next(lane: Lane): Job | null {
    const now = this.#monotonicMs();
    const allowed = new Map<FileClass, boolean>();
    const mayGo = (fileClass: FileClass) => {
      const known = allowed.get(fileClass);
      if (known !== undefined) return known;
      const may = this.#options.whyNot(fileClass) === null && !(fileClass === "bulk" && this.#hasUrgent());
      allowed.set(fileClass, may);
      return may;
    };
    let best: Job | null = null;
    let bulkInWork = 0;
    for (const job of this.#jobs.values()) {
      if (job.isInWork && job.lane === "bulk") bulkInWork += 1;
      if (job.isInWork || job.stage !== stageOf[lane] || job.notBeforeMs > now) continue;
      if (lane === "control" && job.class === "bulk") continue;
      // Reading a file and asking for its seal cost the link next to nothing.
      if ((lane === "control" || lane === "bulk") && !mayGo(job.class)) continue;
      if (best === null || this.#isBefore(job, best)) best = job;
    }
    return lane === "bulk" && bulkInWork >= this.parallel ? null : best;
  }

  /** The first files in the order in which they would go. Few of many, so that nothing is sorted as a whole. */
  upcoming(count: number): Job[] {
    const first: Job[] = [];
    for (const job of this.#jobs.values()) {
      if (job.isInWork || job.stage === "delivered") continue;
      const last = first.at(-1);
      if (first.length === count && last !== undefined && !this.#isBefore(job, last)) continue;
      const at = first.findIndex((other) => this.#isBefore(job, other));
      first.splice(at < 0 ? first.length : at, 0, job);
      if (first.length > count) first.pop();
    }
    return first;
  }

  /** Looks anew who can go: something has changed that the scheduler does not see. */
  wake(): void {
    if (this.#takers.length === 0) return;
    const waiting = this.#takers;
    this.#takers = [];
    const idle = new Set<Lane>();
    for (const taker of waiting) {
      const job = idle.has(taker.lane) ? null : this.next(taker.lane);
      if (job === null) {
        idle.add(taker.lane);
        this.#takers.push(taker);
        continue;
      }
      job.isInWork = true;
      job.lane = taker.lane;
      taker.resolve(job);
    }
    this.#wakeLater();
  }

  /** Stops the clock. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  // The nearest job that rests.
  #wakeLater(): void {
    this.close();
    if (this.#takers.length === 0) return;
    const now = this.#monotonicMs();
    let dueMs = Number.POSITIVE_INFINITY;
    for (const job of this.#jobs.values())
      if (!job.isInWork && job.notBeforeMs > now) dueMs = Math.min(dueMs, job.notBeforeMs - now);
    if (dueMs === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.wake(), Math.min(Math.ceil(dueMs), 60_000));
  }

  #hasUrgent(): boolean {
    const now = this.#monotonicMs();
    for (const job of this.#jobs.values()) {
      if (job.class === "bulk" || job.stage !== "described") continue;
      if (this.#options.whyNot(job.class) !== null) continue;
      if (job.isInWork ? !job.isResting : job.notBeforeMs <= now) return true;
    }
    return false;
  }

  #isBefore(a: Job, b: Job): boolean {
    if (urgency[a.class] !== urgency[b.class]) return urgency[a.class] < urgency[b.class];
    if (a.orderMs !== b.orderMs) return a.orderMs < b.orderMs === (this.order === "oldest");
    return a.path < b.path;
  }
}
