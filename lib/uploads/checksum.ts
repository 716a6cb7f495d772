import { createHash, type Hash } from "node:crypto";
import { AppError } from "../errors.ts";
import type { TusRequest } from "./tus-request.ts";

/** As in Tus-Checksum-Algorithm. "The Server MUST support at least the SHA1 checksum algorithm" (Checksum). */
export const checksumAlgorithms = ["sha1", "sha256", "sha512", "md5"] as const;

type Algorithm = (typeof checksumAlgorithms)[number];

/**
 * Most bytes of one body with a checksum, as nothing of it is promised before its end: what breaks off is sent
 * again. It also bounds the chunk rows that are written at once.
 */
export const maxChecksummedBytes = 1024 ** 3;

const field = "Upload-Checksum";

function refuse(message: string): AppError {
  return new AppError("invalid_input", message, { field });
}

/** "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=": the algorithm's name, a space and the digest in Base64. */
function parse(text: string): { algorithm: Algorithm; digest: Buffer } {
  const [, name, base64 = ""] = /^([!-~]+) +([A-Za-z0-9+/]+={0,2})$/.exec(text.trim()) ?? [];
  if (name === undefined) throw refuse(`${field} must be an algorithm, a space and a digest in Base64.`);
  const algorithm = checksumAlgorithms.find((known) => known === name);
  if (algorithm === undefined) throw refuse(`Use one of these algorithms: ${checksumAlgorithms.join(", ")}.`);
  const digest = Buffer.from(base64, "base64");
  const isWhole = digest.toString("base64") === base64 && digest.length === createHash(algorithm).digest().length;
  if (!isWhole) throw refuse(`${field} holds no ${algorithm} digest.`);
  return { algorithm, digest };
}

/** What a whole body must be: fed while it passes, asked at its end. */
export type BodyCheck = {
  update(buffers: readonly Uint8Array[]): void;
  /** @throws AppError when it is something else */
  verify(): void;
};

/** The checksum of one body, computed while the body passes (tus 1.0, Checksum). */
class BodyChecksum implements BodyCheck {
  readonly #hashes: ReadonlyMap<Algorithm, Hash>;
  readonly #announced: () => ReturnType<typeof parse>;

  /** @param announced read at the end; algorithms are all that it may then name */
  constructor(algorithms: readonly Algorithm[], announced: () => ReturnType<typeof parse>) {
    this.#hashes = new Map(algorithms.map((name) => [name, createHash(name)]));
    this.#announced = announced;
  }

  update(buffers: readonly Uint8Array[]): void {
    for (const hash of this.#hashes.values()) for (const buffer of buffers) hash.update(buffer);
  }

  /**
   * Compares, once the whole body has passed.
   *
   * @throws AppError checksum_mismatch, invalid_input when the trailer is missing or cannot be read
   */
  verify(): void {
    const { algorithm, digest } = this.#announced();
    if (this.#hashes.get(algorithm)?.digest().equals(digest)) return;
    const message = "The body is not what its checksum says. Nothing of it was kept; send it again from this offset.";
    throw new AppError("checksum_mismatch", message, { field });
  }
}

/**
 * The checksum that a request announces, in its head or as a trailer; null: none. An algorithm that only the
 * trailer tells is not known before the end, so all of them are computed.
 *
 * @throws AppError invalid_input, too_large
 */
export function announcedChecksum({ headers, trailers }: TusRequest): BodyCheck | null {
  const header = headers["upload-checksum"];
  // "Following RFC 7230 they MUST be announced using the Trailer header and are only allowed in chunked transfers"
  // (Checksum).
  const names = (headers.trailer ?? "").split(",").map((name) => name.trim().toLowerCase());
  const isTrailer = names.includes("upload-checksum");
  if (header === undefined && !isTrailer) return null;
  if (header !== undefined && isTrailer) throw refuse(`Send ${field} in the head or as a trailer, not both.`);
  if (isTrailer && headers["transfer-encoding"] === undefined)
    throw refuse(`A trailer needs Transfer-Encoding: chunked.`);
  if (Number(headers["content-length"] ?? 0) > maxChecksummedBytes) throw tooLongForChecksum();
  if (header === undefined) return new BodyChecksum(checksumAlgorithms, () => parseTrailer(trailers?.()));
  const checksum = parse(header);
  return new BodyChecksum([checksum.algorithm], () => checksum);
}

function parseTrailer(trailers: TusRequest["headers"] = {}): ReturnType<typeof parse> {
  const text = trailers["upload-checksum"];
  if (text === undefined) throw refuse(`The trailer ${field} was announced and did not come.`);
  return parse(text);
}

/** The 413 of a body that is too long to be held back until its end. */
export function tooLongForChecksum(): AppError {
  return new AppError("too_large", `A body with a checksum has at most ${maxChecksummedBytes} bytes; send several.`);
}
