// Runs in a worker thread: digests bytes that lie in shared memory, so that reading a recording back never
// holds up the thread that receives uploads. One file after another.
import { createHash, type Hash } from "node:crypto";
import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { ChunkDigester, type WholeChunk } from "./chunk-digester.ts";

/** What a thread is started with. */
export type ThreadMemory = { memory: SharedArrayBuffer; slotBytes: number };
/** A new file, to be digested whole (null) or in chunks; bytes in a slot; or the end of the file. */
export type ThreadInput = { chunkSizeBytes: number | null } | { slot: number; lengthBytes: number } | "end";
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

type Work = { add(bytes: Uint8Array): void; end(): ThreadOutput };

function digestWhole(hash: Hash = createHash("sha256")): Work {
  return { add: (bytes) => void hash.update(bytes), end: () => ({ sha256: hash.digest("hex") }) };
}

function digestChunks(digester: ChunkDigester): Work {
  const chunks: WholeChunk[] = [];
  const end = () => {
    const last = digester.end();
    return { chunks: last === null ? chunks : [...chunks, last] };
  };
  return { add: (bytes) => void chunks.push(...digester.add([bytes])), end };
}

function serve(port: MessagePort, { memory, slotBytes }: ThreadMemory): void {
  let work = digestWhole();
  port.on("message", (input: ThreadInput) => {
    if (input === "end") {
      port.postMessage(work.end());
    } else if ("slot" in input) {
      work.add(new Uint8Array(memory, input.slot * slotBytes, input.lengthBytes));
      port.postMessage({ slot: input.slot } satisfies ThreadOutput);
    } else {
      const { chunkSizeBytes } = input;
      work = chunkSizeBytes === null ? digestWhole() : digestChunks(new ChunkDigester(chunkSizeBytes));
    }
  });
}

if (parentPort !== null) {
  giveWayToUploads();
  serve(parentPort, workerData);
}
