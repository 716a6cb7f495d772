import { createHash, type Hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { parseSha256Hex, type Sha256Hex } from "../lib/protocol/index.ts";
import { blockBytes, borrowBlock, returnBlock } from "./block-buffers.ts";
import { fileProblem } from "./file-identity.ts";
import { Interrupted, Problem } from "./problems.ts";

/** Below this, a buffer of its own is cheaper. */
const smallBytes = 64 * 1024;

/** Digests of a whole file and of each of its chunks. */
export type FileDigests = { sha256: Sha256Hex; chunkSha256: Sha256Hex[] };

/** A SHA-256 that is done, as the protocol writes it. */
function hexOf(hash: Hash): Sha256Hex {
  const sha256 = parseSha256Hex(hash.digest("hex"));
  if (sha256 === null) throw new Error("Node's SHA-256 has 64 hexadecimal digits.");
  return sha256;
}

/**
 * Computes the SHA-256 of a file and of each chunk in one pass, through one buffer.
 *
 * @param onProgress called with the bytes read so far
 * @throws Problem "changed" when the file ends before `sizeBytes`, "file" when it cannot be read
 */
export async function digestFile(
  handle: FileHandle,
  path: string,
  sizeBytes: number,
  chunkSizeBytes: number,
  signal: AbortSignal,
  onProgress: (readBytes: number) => void,
): Promise<FileDigests> {
  const buffer = sizeBytes < smallBytes ? Buffer.allocUnsafe(sizeBytes) : borrowBlock();
  const whole = createHash("sha256");
  const chunkSha256: Sha256Hex[] = [];
  // The first chunk is the beginning of the file: until its end, there is one digest to compute.
  let chunk: Hash | null = null;
  for (let position = 0; position < sizeBytes; ) {
    if (signal.aborted) throw new Interrupted();
    const chunkEnd = Math.min((chunkSha256.length + 1) * chunkSizeBytes, sizeBytes);
    const wanted = Math.min(blockBytes, chunkEnd - position);
    const { bytesRead } = await handle.read(buffer, 0, wanted, position).catch((error: unknown) => {
      throw fileProblem(path, error);
    });
    if (bytesRead === 0) throw new Problem("changed", `${path} became shorter while it was read.`);
    const bytes = buffer.subarray(0, bytesRead);
    whole.update(bytes);
    chunk?.update(bytes);
    position += bytesRead;
    onProgress(position);
    if (position < chunkEnd) continue;
    chunkSha256.push(hexOf(chunk ?? whole.copy()));
    chunk = createHash("sha256");
  }
  // After an error it is not: a read may still be under way.
  if (buffer.length === blockBytes) returnBlock(buffer);
  return { sha256: hexOf(whole), chunkSha256 };
}
