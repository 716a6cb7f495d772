import { createHash, type Hash } from "node:crypto";
import { Transform, type TransformCallback } from "node:stream";
import { AppError, isAppError } from "../errors.ts";

type FormBodyOptions = {
  /** Bytes that are here already: they are compared with the declared digest, and not passed on. */
  skipBytes: number;
  /** How long the file is; null: not said. */
  lengthBytes: number | null;
  /** What the file was declared to be, in hexadecimal digits; null: nothing was. */
  sha256: string | null;
  /** Settles when the form around the file is over. */
  whole: Promise<void>;
};

/**
 * The file of a form on its way into an upload. Its last piece is held back until the form is over and right, so that
 * no upload is complete by a form that is not.
 */
export class FormBody extends Transform {
  readonly #options: FormBodyOptions;
  readonly #hash: Hash | null;
  #skipBytes: number;
  #passedBytes = 0;
  #held: Uint8Array | null = null;
  /** Why it broke off; null: it did not, or its sender was cut off. */
  problem: AppError | null = null;
  /** The file is another one than was declared. */
  isMismatch = false;

  constructor(options: FormBodyOptions) {
    super();
    this.#options = options;
    this.#skipBytes = options.skipBytes;
    this.#hash = options.sha256 === null ? null : createHash("sha256");
    this.on("error", (error) => {
      if (isAppError(error)) this.problem ??= error;
    });
    options.whole.catch(() => undefined); // told where it is waited for
  }

  override _transform(piece: Uint8Array, _encoding: BufferEncoding, done: TransformCallback): void {
    const { lengthBytes } = this.#options;
    this.#passedBytes += piece.byteLength;
    // Before the piece that is held goes on: with it the upload could be complete, by a form that is not right.
    if (lengthBytes !== null && this.#passedBytes > lengthBytes) {
      done(tooLong());
      return;
    }
    this.#hash?.update(piece);
    const skipped = Math.min(this.#skipBytes, piece.byteLength);
    this.#skipBytes -= skipped;
    if (skipped < piece.byteLength) {
      if (this.#held !== null) this.push(this.#held);
      this.#held = piece.subarray(skipped);
    }
    done();
  }

  override _flush(done: TransformCallback): void {
    this.#options.whole.then(
      () => done(this.#verdict(), this.#held ?? undefined),
      (error: unknown) => done(error instanceof Error ? error : new Error("the form broke off")),
    );
  }

  #verdict(): AppError | null {
    const { sha256 } = this.#options;
    if (this.#hash === null || this.#hash.digest("hex") === sha256) return null;
    this.isMismatch = true;
    return new AppError("checksum_mismatch", "The file is not the one that sha256 declares. Nothing of it was kept.", {
      field: "sha256",
    });
  }
}

function tooLong(): AppError {
  return new AppError("too_large", "The file is longer than size says; what arrived is kept.", { field: "size" });
}
