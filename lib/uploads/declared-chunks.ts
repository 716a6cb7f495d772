import type { Context } from "../context.ts";
import { AppError } from "../errors.ts";
import type { WholeChunk } from "./chunk-digester.ts";

/** Digests that are read at once: 8 KiB, whatever the number of chunks. */
const windowChunks = 256;
const digestBytes = 32;

/** What a manifest says of each chunk of the upload that it announced, read as the bytes pass. */
export class DeclaredChunks {
  readonly #ctx: Context;
  readonly #uploadId: string;
  #first = 0;
  #window: Uint8Array = new Uint8Array();

  constructor(ctx: Context, uploadId: string) {
    this.#ctx = ctx;
    this.#uploadId = uploadId;
  }

  /**
   * The first of some whole chunks, in order, that is not what the manifest says; null: all are right.
   */
  async firstWrong(chunks: readonly WholeChunk[]): Promise<(WholeChunk & { expectedSha256: string }) | null> {
    for (const chunk of chunks) {
      const expectedSha256 = await this.#digestOf(chunk.index);
      if (expectedSha256 !== chunk.sha256) return { ...chunk, expectedSha256 };
    }
    return null;
  }

  async #digestOf(index: number): Promise<string> {
    if (index < this.#first || index >= this.#first + this.#window.length / digestBytes) await this.#read(index);
    const start = (index - this.#first) * digestBytes;
    return Buffer.from(this.#window.subarray(start, start + digestBytes)).toString("hex");
  }

  async #read(index: number): Promise<void> {
    const [row] = await this.#ctx.db.$queryRaw<{ digests: Uint8Array }[]>`
      SELECT substring(m.chunk_sha256s FROM ${index * digestBytes + 1}::int FOR ${windowChunks * digestBytes}::int) AS digests
        FROM upload u JOIN manifest m ON m.manifest_sha256 = u.manifest_sha256 WHERE u.id = ${this.#uploadId}`;
    this.#first = index;
    this.#window = row?.digests ?? new Uint8Array();
  }
}

/** The 460 of a chunk that is not what its manifest says. */
export function chunkMismatch(index: number, expectedSha256: string, actualSha256: string): AppError {
  const message = "A chunk is not what the manifest says. Earlier chunks are kept; send it again, from its beginning.";
  const members = { chunk: index, expectedSha256, actualSha256 };
  return new AppError("chunk_mismatch", message, { field: "chunkSha256", members });
}
