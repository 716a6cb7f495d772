import { createHash, type Hash } from "node:crypto";

/** A whole chunk and its SHA-256 in hexadecimal digits. */
export type WholeChunk = { index: number; lengthBytes: number; sha256: string };

/** Digest work that one PATCH leaves for the next, which so need not read the chunk's head again. */
export type DigestState = { offsetBytes: number; hash: Hash };

/**
 * Computes the SHA-256 of every chunk of a file as its bytes pass. Chunks lie on a fixed grid, whatever pieces
 * the bytes come in.
 */
export class ChunkDigester {
  readonly #chunkSizeBytes: number;
  #hash: Hash;
  #index: number;
  #filledBytes: number;

  /** @param state digest of the current chunk's first bytes, up to an offset in the file */
  constructor(chunkSizeBytes: number, state: DigestState = { offsetBytes: 0, hash: createHash("sha256") }) {
    this.#chunkSizeBytes = chunkSizeBytes;
    this.#hash = state.hash;
    this.#index = Math.floor(state.offsetBytes / chunkSizeBytes);
    this.#filledBytes = state.offsetBytes % chunkSizeBytes;
  }

  /** Takes the next bytes; returns the chunks that they made whole. */
  add(buffers: readonly Uint8Array[]): WholeChunk[] {
    const whole: WholeChunk[] = [];
    for (const buffer of buffers) {
      let rest = buffer;
      while (rest.byteLength > 0) {
        const missing = this.#chunkSizeBytes - this.#filledBytes;
        const part = rest.byteLength <= missing ? rest : rest.subarray(0, missing);
        this.#hash.update(part);
        this.#filledBytes += part.byteLength;
        rest = rest.subarray(part.byteLength);
        if (this.#filledBytes === this.#chunkSizeBytes) whole.push(this.#close());
      }
    }
    return whole;
  }

  /** The chunk that is still growing; null at a chunk boundary. */
  tail(): { index: number; lengthBytes: number } | null {
    return this.#filledBytes === 0 ? null : { index: this.#index, lengthBytes: this.#filledBytes };
  }

  /** Ends the file: its last, shorter chunk; null when it ended at a chunk boundary. */
  end(): WholeChunk | null {
    return this.#filledBytes === 0 ? null : this.#close();
  }

  /** The chunk that is still growing as if it were whole; null at a chunk boundary. */
  peek(): WholeChunk | null {
    if (this.#filledBytes === 0) return null;
    return { index: this.#index, lengthBytes: this.#filledBytes, sha256: this.#hash.copy().digest("hex") };
  }

  /** What a later digester needs to go on from here. */
  state(): DigestState {
    return { offsetBytes: this.#index * this.#chunkSizeBytes + this.#filledBytes, hash: this.#hash.copy() };
  }

  #close(): WholeChunk {
    const chunk = { index: this.#index, lengthBytes: this.#filledBytes, sha256: this.#hash.digest("hex") };
    this.#hash = createHash("sha256");
    this.#index += 1;
    this.#filledBytes = 0;
    return chunk;
  }
}
