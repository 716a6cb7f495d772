import type { FileClass } from "../../lib/protocol/index.ts";
import type { QueuePhase, Tally } from "../daemon-snapshot.ts";
import type { FoundFile } from "../finding/found-file.ts";
import { Heap, type Placed } from "../heap.ts";
import { Interrupted } from "../problems.ts";
import type { Waiting } from "../waiting.ts";

/** Where a file stands in the queue. */
export type Stage = "found" | "described" | "delivered";

/** A file in the queue: small, because there may be a hundred thousand. What it stands by is the scheduler's to change. */
export type Job = {
  readonly path: string;
  readonly class: FileClass;
  readonly stage: Stage;
  readonly sizeBytes: number;
  /** When it was recorded, as far as anybody knows; the queue goes by it. */
  readonly orderMs: number;
  /** For how long the uploader had run, all in all, when the file was found. */
  readonly foundAtRunMs: number;
  /** As it was found; null once it is described. */
  readonly found: FoundFile | null;
  /** The monotonic time before which it is not tried again. */
  readonly notBeforeMs: number;
  /** In a row. */
  failures: number;
  /** How often it was sent whole and is wanted again. */
  returns: number;
  readonly isInWork: boolean;
  /** Who has it, while it is in work. */
  readonly lane: Lane | null;
  /** While it is in work: it waits between two attempts, and holds up nobody. */
  isResting: boolean;
  /** Number of the last look at the folders that saw it. */
  seenAtScan: number;
  /** The monotonic time since when it was not seen any more; null: it was. */
  missingSinceMs: number | null;
};

type Offer = Pick<Job, "path" | "class" | "stage" | "sizeBytes" | "orderMs" | "foundAtRunMs" | "found">;

interface Entry extends Placed<Entry>, Changeable<Job> {}
type Changeable<T> = { -readonly [Name in keyof T]: T[Name] };

// Every field by its name: an object that is spread together takes half as much memory again.
function entryOf(given: Offer): Entry {
  return {
    path: given.path,
    class: given.class,
    stage: given.stage,
    sizeBytes: given.sizeBytes,
    orderMs: given.orderMs,
    foundAtRunMs: given.foundAtRunMs,
    found: given.found,
    notBeforeMs: 0,
    failures: 0,
    returns: 0,
    isInWork: false,
    lane: null,
    isResting: false,
    seenAtScan: 0,
    missingSinceMs: null,
    heap: null,
    place: 0,
  };
}

/** Who takes jobs: one who reads files, one who asks for seals, many who send, and one who sends what is urgent. */
export type Lane = "describe" | "control" | "bulk" | "confirm";

const stageOf: Record<Lane, Stage> = {
  describe: "found",
  control: "described",
  bulk: "described",
  confirm: "delivered",
};
/** In the order in which they go. */
const classes = ["wanted", "event", "bulk"] as const satisfies readonly FileClass[];
const urgent = ["wanted", "event"] as const satisfies readonly FileClass[];

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
  readonly #jobs = new Map<string, Entry>();
  readonly #options: Options;
  readonly #monotonicMs: () => number;
  /** What may go now, in the order in which it does. */
  readonly #ready: Record<Stage, Record<FileClass, Heap<Entry>>>;
  /** What waits for its time to come, the soonest first: to be sent, or to be asked about again. */
  readonly #resting = { send: heapByDue(), confirm: heapByDue() };
  readonly #inWork = new Set<Entry>();
  readonly #tallies: Record<FileClass, Record<QueuePhase, Tally>> = emptyTallies();
  /** Of all; null: nobody has looked since the one before it went. */
  #oldest: Entry | null = null;
  #takers: Taker[] = [];
  #timer: NodeJS.Timeout | null = null;
  #order: "oldest" | "newest" = "oldest";
  /** So many bulk lanes work at a time, of however many there are. */
  parallel = 1;

  constructor(options: Options) {
    this.#options = options;
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now());
    const heap = () => new Heap<Entry>((a, b) => this.#isBefore(a, b));
    const byClass = () => ({ wanted: heap(), event: heap(), bulk: heap() });
    this.#ready = { found: byClass(), described: byClass(), delivered: byClass() };
  }

  get order(): "oldest" | "newest" {
    return this.#order;
  }

  set order(order: "oldest" | "newest") {
    if (order === this.#order) return;
    this.#order = order;
    for (const byClass of Object.values(this.#ready))
      for (const heap of Object.values(byClass)) for (const job of heap.clear()) heap.put(job);
  }

  get size(): number {
    return this.#jobs.size;
  }

  jobs(): IterableIterator<Job> {
    return this.#jobs.values();
  }

  /** Jobs that somebody has. */
  inWork(): IterableIterator<Job> {
    return this.#inWork.values();
  }

  get(path: string): Job | null {
    return this.#jobs.get(path) ?? null;
  }

  /** Files and bytes by class and phase. */
  tallies(): Record<FileClass, Record<QueuePhase, Tally>> {
    return structuredClone(this.#tallies);
  }

  /** The one that was found first; null: the queue is empty. */
  oldest(): Job | null {
    if (this.#oldest === null)
      for (const job of this.#jobs.values())
        if (this.#oldest === null || job.foundAtRunMs < this.#oldest.foundAtRunMs) this.#oldest = job;
    return this.#oldest;
  }

  /**
   * Puts a file into the queue, or changes its place. It was found when it was found first.
   *
   * @param wakes false: whoever offers many at once calls `wake` after the last
   */
  offer(given: Offer, wakes = true): Job {
    const known = this.#jobs.get(given.path);
    const job = known ?? entryOf(given);
    if (known === undefined) {
      this.#jobs.set(given.path, job);
      this.#count(job, 1);
      this.#place(job);
    } else this.#change(job, { ...given, foundAtRunMs: Math.min(job.foundAtRunMs, given.foundAtRunMs) });
    if (this.#oldest !== null && job.foundAtRunMs < this.#oldest.foundAtRunMs) this.#oldest = job;
    if (wakes) this.wake();
    return job;
  }

  /** Makes a file more or less urgent. Call `wake` after the last. */
  setClass(job: Job, fileClass: FileClass): void {
    this.#change(this.#own(job), { class: fileClass });
  }

  /** Keeps a job from everybody else, for whoever has it in hand. */
  hold(job: Job): void {
    this.#change(this.#own(job), { isInWork: true });
  }

  /**
   * The file is out of the queue.
   *
   * @param wakes false: whoever drops many at once calls `wake` after the last
   */
  drop(path: string, wakes = true): void {
    const job = this.#jobs.get(path);
    if (job !== undefined) {
      this.#jobs.delete(path);
      this.#inWork.delete(job);
      job.heap?.remove(job);
      this.#count(job, -1);
      if (job === this.#oldest) this.#oldest = null;
    }
    if (wakes) this.wake();
  }

  /** Gives a job back: further in its course, or to be tried again after a while. */
  putBack(job: Job, change: Partial<Pick<Job, "stage" | "found">> = {}, afterMs = 0): void {
    this.release(job, change, afterMs);
    this.wake();
  }

  /** Gives a job back without a look at who may go now. */
  release(job: Job, change: Partial<Pick<Job, "stage" | "found">> = {}, afterMs = 0): void {
    const notBeforeMs = this.#monotonicMs() + afterMs;
    this.#change(this.#own(job), { ...change, isInWork: false, isResting: false, lane: null, notBeforeMs });
  }

  /** The link works again: what failed has its turn within so many milliseconds, spread out. */
  hurry(withinMs: number): void {
    const now = this.#monotonicMs();
    for (const heap of Object.values(this.#resting))
      for (const job of heap.clear()) {
        if (job.failures > 0) job.notBeforeMs = Math.min(job.notBeforeMs, now + Math.random() * withinMs);
        this.#place(job);
      }
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
    return this.#next(lane);
  }

  /** The first files in the order in which they would go; those that rest come last, the soonest first. */
  upcoming(count: number): Job[] {
    this.#ripen();
    const first: Job[] = [];
    for (const fileClass of classes) {
      if (first.length >= count) break;
      const { found, described } = this.#ready;
      const both = [...found[fileClass].few(count), ...described[fileClass].few(count)];
      first.push(...both.sort((a, b) => (this.#isBefore(a, b) ? -1 : 1)));
    }
    if (first.length < count) first.push(...this.#resting.send.few(count - first.length));
    return first.slice(0, count);
  }

  /** Looks anew who can go: something has changed that the scheduler does not see. */
  wake(): void {
    if (this.#takers.length === 0) return;
    const waiting = this.#takers;
    this.#takers = [];
    const idle = new Set<Lane>();
    for (const taker of waiting) {
      const job = idle.has(taker.lane) ? null : this.#next(taker.lane);
      if (job === null) {
        idle.add(taker.lane);
        this.#takers.push(taker);
        continue;
      }
      this.#change(job, { isInWork: true, lane: taker.lane });
      taker.resolve(job);
    }
    this.#wakeLater();
  }

  /** Stops the clock. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #next(lane: Lane): Entry | null {
    this.#ripen();
    const isSending = lane === "control" || lane === "bulk";
    if (lane === "bulk" && this.#bulkInWork() >= this.parallel) return null;
    for (const fileClass of lane === "control" ? urgent : classes) {
      const { first } = this.#ready[stageOf[lane]][fileClass];
      // Reading a file and asking for its seal cost the link next to nothing.
      if (first !== null && (!isSending || this.#mayGo(fileClass))) return first;
    }
    return null;
  }

  #mayGo(fileClass: FileClass): boolean {
    return this.#options.whyNot(fileClass) === null && !(fileClass === "bulk" && this.#hasUrgent());
  }

  #bulkInWork(): number {
    let count = 0;
    for (const job of this.#inWork) if (job.lane === "bulk") count += 1;
    return count;
  }

  #hasUrgent(): boolean {
    this.#ripen();
    for (const fileClass of urgent) {
      if (this.#options.whyNot(fileClass) !== null) continue;
      if (this.#ready.described[fileClass].size > 0) return true;
      for (const job of this.#inWork)
        if (job.class === fileClass && job.stage === "described" && !job.isResting) return true;
    }
    return false;
  }

  // The nearest job that rests.
  #wakeLater(): void {
    this.close();
    if (this.#takers.length === 0) return;
    const { send, confirm } = this.#resting;
    const dueMs = Math.min(...[send, confirm].map(({ first }) => first?.notBeforeMs ?? Number.POSITIVE_INFINITY));
    if (dueMs === Number.POSITIVE_INFINITY) return;
    const restMs = Math.max(0, Math.ceil(dueMs - this.#monotonicMs()));
    this.#timer = setTimeout(() => this.wake(), Math.min(restMs, 60_000));
  }

  /** Whoever had to wait for its time, and has it now. */
  #ripen(): void {
    const now = this.#monotonicMs();
    for (const heap of [this.#resting.send, this.#resting.confirm])
      for (let job = heap.first; job !== null && job.notBeforeMs <= now; job = heap.first) {
        heap.remove(job);
        this.#place(job);
      }
  }

  #change(job: Entry, change: Partial<Entry>): void {
    const isQueued = this.#jobs.get(job.path) === job;
    if (isQueued) this.#count(job, -1);
    job.heap?.remove(job);
    Object.assign(job, change);
    if (!isQueued) return;
    this.#count(job, 1);
    this.#place(job);
  }

  #count(job: Job, by: 1 | -1): void {
    const tally = this.#tallies[job.class][job.isInWork && job.stage === "described" ? "sending" : job.stage];
    tally.files += by;
    tally.bytes += by * job.sizeBytes;
  }

  #place(job: Entry): void {
    if (job.isInWork) {
      this.#inWork.add(job);
      return;
    }
    this.#inWork.delete(job);
    if (job.notBeforeMs <= this.#monotonicMs()) this.#ready[job.stage][job.class].put(job);
    else this.#resting[job.stage === "delivered" ? "confirm" : "send"].put(job);
  }

  #own(job: Job): Entry {
    // Every job that anybody has came from here.
    return job as Entry;
  }

  #isBefore(a: Job, b: Job): boolean {
    if (a.orderMs !== b.orderMs) return a.orderMs < b.orderMs === (this.#order === "oldest");
    return a.path < b.path;
  }
}

function emptyTallies(): Record<FileClass, Record<QueuePhase, Tally>> {
  const none = (): Tally => ({ files: 0, bytes: 0 });
  const phases = () => ({ found: none(), described: none(), sending: none(), delivered: none() });
  return { wanted: phases(), event: phases(), bulk: phases() };
}

function heapByDue(): Heap<Entry> {
  return new Heap<Entry>((a, b) => a.notBeforeMs < b.notBeforeMs);
}
