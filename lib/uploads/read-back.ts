import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { BlobReader } from "../storage/index.ts";
import type { WholeChunk } from "./chunk-digester.ts";
import type { ThreadInput, ThreadOutput, ThreadTask } from "./digest-thread.ts";

/** What is really in storage. */
export type ReadBack = { sizeBytes: number; sha256: string; chunks: WholeChunk[] };

const slotBytes = 1024 * 1024;
const slotCount = 8;

class DigestThread {
  readonly #worker: Worker;
  readonly #freed: (slot: number) => void;
  readonly #result = Promise.withResolvers<ThreadOutput>();

  constructor(task: ThreadTask, freed: (slot: number) => void, failed: (error: unknown) => void) {
    this.#freed = freed;
    this.#worker = new Worker(join(import.meta.dirname, "digest-thread.ts"), { workerData: task });
    this.#worker.on("message", (output: ThreadOutput) => {
      if ("slot" in output) this.#freed(output.slot);
      else this.#result.resolve(output);
    });
    this.#worker.once("error", (error) => {
      failed(error);
      this.#result.reject(error);
    });
    this.#result.promise.catch(() => undefined); // seen through `failed`, or by `end`
  }

  take(slot: number, lengthBytes: number): void {
    this.#worker.postMessage({ slot, lengthBytes } satisfies ThreadInput);
  }

  end(): Promise<ThreadOutput> {
    this.#worker.postMessage("end" satisfies ThreadInput);
    return this.#result.promise;
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Slots of shared memory; a slot is free again once every thread is through with it. */
class Slots {
  #free = Array.from({ length: slotCount }, (_, slot) => slot);
  #uses = new Map<number, number>();
  #wake: (() => void) | null = null;
  #failure: { error: unknown } | null = null;
  readonly #threads: number;

  constructor(threads: number) {
    this.#threads = threads;
  }

  release = (slot: number): void => {
    const uses = (this.#uses.get(slot) ?? 0) + 1;
    this.#uses.set(slot, uses === this.#threads ? 0 : uses);
    if (uses === this.#threads) this.#free.push(slot);
    this.#wake?.();
  };

  fail = (error: unknown): void => {
    this.#failure = { error };
    this.#wake?.();
  };

  async next(): Promise<number> {
    for (;;) {
      if (this.#failure !== null) throw this.#failure.error;
      const slot = this.#free.shift();
      if (slot !== undefined) return slot;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/**
 * Reads a blob back and computes its SHA-256 and that of every chunk, on two threads beside the one that
 * receives, with 8 MiB of memory whatever its size.
 *
 * @param signal ends it early; it then throws the signal's reason
 */
export async function readBack(reader: BlobReader, chunkSizeBytes: number, signal?: AbortSignal): Promise<ReadBack> {
  const memory = new SharedArrayBuffer(slotBytes * slotCount);
  const slots = new Slots(2);
  const threads = [null, chunkSizeBytes].map(
    (size) => new DigestThread({ memory, slotBytes, chunkSizeBytes: size }, slots.release, slots.fail),
  );
  try {
    let sizeBytes = 0;
    for (;;) {
      signal?.throwIfAborted();
      const slot = await slots.next();
      const lengthBytes = await reader.read(new Uint8Array(memory, slot * slotBytes, slotBytes), sizeBytes);
      if (lengthBytes === 0) break;
      for (const thread of threads) thread.take(slot, lengthBytes);
      sizeBytes += lengthBytes;
    }
    const results = await Promise.all(threads.map((thread) => thread.end()));
    return Object.assign({ sizeBytes, sha256: "", chunks: [] }, ...results);
  } finally {
    await Promise.all(threads.map((thread) => thread.stop()));
  }
}
