import { DetailedError, type FileReader, Upload } from "tus-js-client";
import { problemOf } from "./http/answers.ts";
import { type Archive, recordingIn } from "./http/archive.ts";
import type { Answer, RequestBody } from "./http/transport.ts";
import { TusStack } from "./http/tus-stack.ts";
import { Interrupted, messageOf, Problem } from "./problems.ts";

const minPatchBytes = 256 * 1024;
const maxPatchBytes = 8 * 1024 * 1024;
/** A PATCH should take about so long: short enough to lose little, long enough that its answer costs little. */
const patchSeconds = 6;

/** One attempt at sending the rest of a file to its upload. */
export type SendOptions = {
  archive: Archive;
  uploadUrl: string;
  sizeBytes: number;
  chunkSizeBytes: number;
  /** The highest offset acknowledged so far. */
  acknowledgedBytes: number;
  /** Factor on the time-outs. */
  patience: number;
  /** Reads the file by position. */
  read: RequestBody["read"];
  /** Looked at before each PATCH; rejects when the file is not what it was. */
  checkFile: () => Promise<void>;
  /** After HEAD and after each PATCH. */
  onAcknowledged: (offsetBytes: number, recording: string | null) => void;
  /** While a PATCH goes out. */
  onSent: (offsetBytes: number) => void;
};

/**
 * Asks the upload for its offset and sends the rest in PATCHes, sized by the measured rate and never across the
 * border of a chunk. Ends when the archive has acknowledged the last byte.
 *
 * @throws Problem: "restart" when the upload is gone, "again" and others as the archive answered
 * @throws Interrupted
 */
export function sendBytes(options: SendOptions, signal: AbortSignal): Promise<void> {
  const pace = new Pace(options.chunkSizeBytes);
  let offset = options.acknowledgedBytes;
  return new Promise((resolve, reject) => {
    const check = (method: string, answer: Answer) => {
      offset = checkAnswer(method, answer, options, offset);
      upload.options.chunkSize = pace.next(offset);
      options.onAcknowledged(offset, recordingIn(answer));
    };
    const end = (error: unknown) => {
      signal.removeEventListener("abort", onAbort);
      void upload.abort();
      if (error === null) resolve();
      else reject(error);
    };
    const onAbort = () => end(signal.reason);
    // The file goes in by our own reader, so this first argument is never touched.
    const upload = new Upload(Buffer.alloc(0), {
      // Without an endpoint tus-js-client cannot do what it does on any failed HEAD: begin again from zero.
      endpoint: null,
      uploadUrl: options.uploadUrl,
      retryDelays: null,
      chunkSize: pace.next(offset),
      uploadSize: options.sizeBytes,
      storeFingerprintForResuming: false,
      fingerprint: async () => "",
      httpStack: new TusStack(options.archive, signal, options.patience, check),
      fileReader: readerFor(options, pace),
      onProgress: (sentBytes) => options.onSent(sentBytes),
      onSuccess: () => end(null),
      onError: (error) => end(problemIn(error)),
    });
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    upload.start();
  });
}

// Everything is looked at here, before tus-js-client acts on it. @throws Problem
function checkAnswer(method: string, answer: Answer, options: SendOptions, before: number): number {
  const isHead = method === "HEAD";
  // tus 1.0, HEAD: 200 or 204; PATCH: 204.
  if (answer.status < 200 || answer.status > 299)
    throw problemOf(answer, isHead ? "tell how much it has" : "take the next bytes");
  const offset = readCount(answer.headers["upload-offset"]);
  const length = readCount(answer.headers["upload-length"]);
  if (offset === null || (isHead && length === null))
    throw new Problem("again", "The answer is not the archive's. Is something between it and this device?");
  if (length !== null && length !== options.sizeBytes)
    throw new Problem("restart", `The archive's upload is for ${length} bytes, the file has ${options.sizeBytes}.`);
  if (offset > options.sizeBytes)
    throw new Problem("restart", `The archive has ${offset} bytes of a file of ${options.sizeBytes}.`);
  // A PATCH that was answered but did not get further would go round for ever.
  if (!isHead && offset <= before) throw new Problem("again", `The archive stayed at byte ${offset}.`);
  return offset;
}

function readCount(value: string | string[] | undefined): number | null {
  return typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : null;
}

function readerFor(options: SendOptions, pace: Pace): FileReader {
  return {
    openFile: async () => ({
      size: options.sizeBytes,
      slice: async (start: number, end: number) => {
        await options.checkFile();
        pace.begin();
        const body: RequestBody & { size: number } = {
          size: end - start,
          sizeBytes: end - start,
          read: (buffer, position, lengthBytes) => options.read(buffer, start + position, lengthBytes),
        };
        // tus-js-client takes "done" for "this slice is the whole source"; it then compares lengths for itself.
        return { value: body, done: end >= options.sizeBytes };
      },
      close: () => undefined,
    }),
  };
}

function problemIn(error: unknown): Error {
  const cause = error instanceof DetailedError ? error.causingError : error;
  if (cause instanceof Problem || cause instanceof Interrupted) return cause;
  return new Problem("again", messageOf(cause ?? error), { cause: error });
}

/** How much to put into the next PATCH. */
class Pace {
  readonly #chunkSizeBytes: number;
  #beganAtMs = 0;
  #beganAtByte = 0;
  #patchBytes = minPatchBytes;
  #isRunning = false;

  constructor(chunkSizeBytes: number) {
    this.#chunkSizeBytes = chunkSizeBytes;
  }

  /** A PATCH starts now. */
  begin(): void {
    this.#beganAtMs = performance.now();
    this.#isRunning = true;
  }

  /** The size of the PATCH that begins at this offset; learns from the one that ended here. */
  next(offset: number): number {
    if (this.#isRunning && offset > this.#beganAtByte) {
      const seconds = Math.max((performance.now() - this.#beganAtMs) / 1000, 0.001);
      const fitting = ((offset - this.#beganAtByte) / seconds) * patchSeconds;
      // Up by four at most: one quick answer from a buffer on the way is no proof of a fast link.
      this.#patchBytes = Math.min(Math.max(fitting, minPatchBytes), this.#patchBytes * 4, maxPatchBytes);
    }
    this.#isRunning = false;
    this.#beganAtByte = offset;
    const toBorder = this.#chunkSizeBytes - (offset % this.#chunkSizeBytes);
    return Math.min(Math.floor(this.#patchBytes), toBorder);
  }
}
