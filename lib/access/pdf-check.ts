import { AppError } from "../errors.ts";

const tailBytes = 1024;

function refuse(message: string): AppError {
  return new AppError("unsupported_media_type", message, { field: "order" });
}

/**
 * Checks a stream of bytes to be a PDF without holding it: "%PDF-" with a version as its very first bytes
 * (ISO 32000-2, 7.5.2) and "%%EOF" as its last line (7.5.5). Readers tolerate junk before and after; we do not,
 * because that is how one file passes as a web page or an archive too.
 */
export class PdfCheck {
  #head = Buffer.alloc(0);
  #tail = Buffer.alloc(0);

  /**
   * Takes the next bytes.
   *
   * @throws AppError unsupported_media_type as soon as the first bytes are not those of a PDF
   */
  push(chunk: Uint8Array): void {
    if (this.#head.length < 8) {
      this.#head = Buffer.concat([this.#head, chunk.subarray(0, 8 - this.#head.length)]);
      if (this.#head.length === 8) this.#checkHead();
    }
    this.#tail = Buffer.concat([this.#tail, chunk.subarray(-tailBytes)]).subarray(-tailBytes);
  }

  /** @throws AppError unsupported_media_type when what came is not a whole PDF */
  end(): void {
    if (this.#head.length < 8) this.#checkHead();
    if (!/%%EOF[\s\0]*$/.test(this.#tail.toString("latin1"))) {
      throw refuse("The PDF is cut off or has something behind its end. Save it again and attach that file.");
    }
  }

  #checkHead(): void {
    if (!/^%PDF-[12]\.\d/.test(this.#head.toString("latin1"))) {
      throw refuse("The order must be a PDF file. This file is something else, whatever its name says.");
    }
  }
}
