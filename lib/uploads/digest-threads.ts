import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { ThreadInput, ThreadMemory, ThreadOutput } from "./digest-thread.ts";

const slotBytes = 1024 * 1024;
const slotCount = 8;
/** Threads without work go, with their memory; starting them costs a tenth of a second. */
const keepMs = 15_000;

type Result = Exclude<ThreadOutput, { slot: number }>;

/**
 * Two threads that digest the same bytes, one the whole file and one its chunks, from 8 MiB of memory that they
 * share with this one. A slot is free again once both are through with it.
 */
export class DigestThreads {
  readonly #memory = new SharedArrayBuffer(slotBytes * slotCount);
  readonly #workers: Worker[];
  #free: number[] = [];
  #uses = new Map<number, number>();
  #wake: (() => void) | null = null;
  #failure: { error: unknown } | null = null;
  #results: Result[] = [];

  constructor() {
    const workerData: ThreadMemory = { memory: this.#memory, slotBytes };
    this.#workers = [0, 1].map(() => {
      const worker = new Worker(join(import.meta.dirname, "digest-thread.ts"), { workerData });
      worker.on("message", this.#onOutput);
      worker.on("error", this.#onError);
      return worker;
    });
  }

  /** Begins a file. */
  begin(chunkSizeBytes: number): void {
    this.#free = Array.from({ length: slotCount }, (_, slot) => slot);
    this.#uses.clear();
    this.#results = [];
    for (const worker of this.#workers) worker.ref();
    this.#workers.forEach((worker, i) => {
      worker.postMessage({ chunkSizeBytes: i === 0 ? null : chunkSizeBytes } satisfies ThreadInput);
    });
  }

  /** Waits for a free slot; its memory is to be filled. */
  async next(): Promise<{ slot: number; memory: Uint8Array }> {
    await this.#until(() => this.#free.length > 0);
    const slot = this.#free.shift() ?? 0; // there is one
    return { slot, memory: new Uint8Array(this.#memory, slot * slotBytes, slotBytes) };
  }

  /** Hands a filled slot to both threads. */
  take(slot: number, lengthBytes: number): void {
    for (const worker of this.#workers) worker.postMessage({ slot, lengthBytes } satisfies ThreadInput);
  }

  /** Ends the file and waits for its digests. */
  async end(): Promise<Result[]> {
    for (const worker of this.#workers) worker.postMessage("end" satisfies ThreadInput);
    await this.#until(() => this.#results.length === this.#workers.length);
    for (const worker of this.#workers) worker.unref(); // a process that is done need not wait for us
    return this.#results;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #onOutput = (output: ThreadOutput): void => {
    if ("slot" in output) {
      const uses = (this.#uses.get(output.slot) ?? 0) + 1;
      this.#uses.set(output.slot, uses % this.#workers.length);
      if (uses === this.#workers.length) this.#free.push(output.slot);
    } else {
      this.#results.push(output);
    }
    this.#wake?.();
  };

  #onError = (error: unknown): void => {
    this.#failure = { error };
    this.#wake?.();
  };

  async #until(isDone: () => boolean): Promise<void> {
    for (;;) {
      if (this.#failure !== null) throw this.#failure.error;
      if (isDone()) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

let kept: { threads: DigestThreads; timer: NodeJS.Timeout } | null = null;
let turn: Promise<unknown> = Promise.resolve();

/** Lends the pair of threads to one piece of work after the other, and keeps it for a while for the next. */
export function withDigestThreads<T>(work: (threads: DigestThreads) => Promise<T>): Promise<T> {
  const done = turn.then(() => lend(work));
  // Whoever asked for the work hears of its failure; the next in line does not.
  turn = done.catch(() => undefined);
  return done;
}

async function lend<T>(work: (threads: DigestThreads) => Promise<T>): Promise<T> {
  const threads = kept?.threads ?? new DigestThreads();
  clearTimeout(kept?.timer);
  kept = null;
  try {
    const result = await work(threads);
    const timer = setTimeout(() => {
      kept = null;
      void threads.stop();
    }, keepMs).unref();
    kept = { threads, timer };
    return result;
  } catch (error) {
    await threads.stop(); // in the middle of a file: good for nothing else
    throw error;
  }
}
