// Runs in a worker thread: digests bytes that lie in shared memory, so that reading a recording back never
// holds up the thread that receives uploads.
import { createHash } from "node:crypto";
import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { ChunkDigester, type WholeChunk } from "./chunk-digester.ts";

/** What a thread is started with. */
export type ThreadTask = { memory: SharedArrayBuffer; slotBytes: number; chunkSizeBytes: number | null };
/** Bytes in a slot, or the end of the file. */
export type ThreadInput = { slot: number; lengthBytes: number } | "end";
/** A slot that is free again, or the digests. */
export type ThreadOutput = { slot: number } | { sha256: string } | { chunks: WholeChunk[] };

/** Below what receives: on Linux a thread has a priority of its own. Elsewhere read-back competes as an equal. */
function giveWayToUploads(): void {
  try {
    setPriority(Number(readlinkSync("/proc/thread-self").split("/").at(-1)), 10);
  } catch {
    // no such thing here
  }
}

function work(port: NonNullable<typeof parentPort>, task: ThreadTask): void {
  const whole = task.chunkSizeBytes === null ? createHash("sha256") : null;
  const digester = task.chunkSizeBytes === null ? null : new ChunkDigester(task.chunkSizeBytes);
  const chunks: WholeChunk[] = [];
  port.on("message", (input: ThreadInput) => {
    if (input === "end") {
      const last = digester?.end();
      const output: ThreadOutput =
        whole === null ? { chunks: last ? [...chunks, last] : chunks } : { sha256: whole.digest("hex") };
      port.postMessage(output);
      port.close();
      return;
    }
    const bytes = new Uint8Array(task.memory, input.slot * task.slotBytes, input.lengthBytes);
    whole?.update(bytes);
    if (digester !== null) chunks.push(...digester.add([bytes]));
    port.postMessage({ slot: input.slot } satisfies ThreadOutput);
  });
}

if (parentPort !== null) {
  giveWayToUploads();
  work(parentPort, workerData);
}
