import { createHash } from "node:crypto";
import type { BlobReader } from "../storage/index.ts";
import { ChunkDigester } from "./chunk-digester.ts";
import { withDigestThreads } from "./digest-threads.ts";

const sha256Bytes = 32;
/** Up to here handing bytes to other threads takes longer than digesting them twice. */
const smallBytes = 1024 * 1024;

/** What is really in storage. Of each chunk the SHA-256, 32 bytes one behind the other as in a manifest. */
export type ReadBack = { sizeBytes: number; sha256: string; chunkSha256s: Uint8Array };

/** SHA-256 of one chunk, in hexadecimal digits; null: there is no such chunk. */
export function chunkSha256At(chunkSha256s: Uint8Array, index: number): string | null {
  const digest = chunkSha256s.subarray(index * sha256Bytes, (index + 1) * sha256Bytes);
  return digest.length === 0 ? null : Buffer.from(digest).toString("hex");
}

/**
 * Reads a blob back and computes its SHA-256 and that of every chunk, on two threads beside the one that
 * receives, with 8 MiB of memory whatever its size, and 32 bytes for each chunk. A small one is digested right here.
 *
 * @param signal ends it early; it then throws the signal's reason
 */
export async function readBack(reader: BlobReader, chunkSizeBytes: number, signal?: AbortSignal): Promise<ReadBack> {
  if (reader.sizeBytes <= smallBytes) return readSmall(reader, chunkSizeBytes, signal);
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
    return Object.assign({ sizeBytes, sha256: "", chunkSha256s: new Uint8Array() }, ...results);
  });
}

async function readSmall(reader: BlobReader, chunkSizeBytes: number, signal?: AbortSignal): Promise<ReadBack> {
  signal?.throwIfAborted();
  const memory = Buffer.allocUnsafe(reader.sizeBytes);
  const bytes = memory.subarray(0, await reader.read(memory, 0));
  const digester = new ChunkDigester(chunkSizeBytes);
  const chunks = digester.add([bytes]);
  const last = digester.end();
  if (last !== null) chunks.push(last);
  return {
    sizeBytes: bytes.byteLength,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    chunkSha256s: Buffer.from(chunks.map(({ sha256 }) => sha256).join(""), "hex"),
  };
}
