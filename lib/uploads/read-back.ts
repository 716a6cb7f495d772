import type { BlobReader } from "../storage/index.ts";
import type { WholeChunk } from "./chunk-digester.ts";
import { withDigestThreads } from "./digest-threads.ts";

/** What is really in storage. */
export type ReadBack = { sizeBytes: number; sha256: string; chunks: WholeChunk[] };

/**
 * Reads a blob back and computes its SHA-256 and that of every chunk, on two threads beside the one that
 * receives, with 8 MiB of memory whatever its size.
 *
 * @param signal ends it early; it then throws the signal's reason
 */
export async function readBack(reader: BlobReader, chunkSizeBytes: number, signal?: AbortSignal): Promise<ReadBack> {
  return withDigestThreads(async (threads) => {
    threads.begin(chunkSizeBytes);
    let sizeBytes = 0;
    for (;;) {
      signal?.throwIfAborted();
      const { slot, memory } = await threads.next();
      const lengthBytes = await reader.read(memory, sizeBytes);
      if (lengthBytes === 0) break;
      threads.take(slot, lengthBytes);
      sizeBytes += lengthBytes;
    }
    const results = await threads.end();
    return Object.assign({ sizeBytes, sha256: "", chunks: [] }, ...results);
  });
}
