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
/** A slot that is free again, or the digests, 32 bytes for each chunk. */
export type ThreadOutput = { slot: number } | { sha256: string } | { chunkSha256s: Uint8Array };

/** Below what receives: on Linux a thread has a priority of its own. Elsewhere read-back competes as an equal. */
function giveWayToUploads(): void {
  try {
    setPriority(Number(readlinkSync("/proc/thread-self").split("/").at(-1)), 10);
  } catch {
    // no such thing here
  }
}

const sha256Bytes = 32;

type Work = { add(bytes: Uint8Array): void; end(): ThreadOutput };

function digestWhole(hash: Hash = createHash("sha256")): Work {
  return { add: (bytes) => void hash.update(bytes), end: () => ({ sha256: hash.digest("hex") }) };
}

/** Digests one behind the other: a file may have millions, and as objects they would fill the memory. */
class DigestList {
  #bytes = new Uint8Array(1024 * sha256Bytes);
  #length = 0;

  add(chunks: readonly WholeChunk[]): void {
    for (const { sha256 } of chunks) {
      if (this.#length === this.#bytes.length) {
        const grown = new Uint8Array(this.#length * 2);
        grown.set(this.#bytes);
        this.#bytes = grown;
      }
      this.#bytes.set(Buffer.from(sha256, "hex"), this.#length);
      this.#length += sha256Bytes;
    }
  }

  get bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

function digestChunks(digester: ChunkDigester): Work {
  const digests = new DigestList();
  const end = () => {
    const last = digester.end();
    if (last !== null) digests.add([last]);
    return { chunkSha256s: digests.bytes };
  };
  return { add: (bytes) => digests.add(digester.add([bytes])), end };
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
