import { DetailedError, type FileReader, Upload } from "tus-js-client";
import type { FileClass } from "../lib/protocol/index.ts";
import { problemOf } from "./http/answers.ts";
import { type Archive, recordingIn } from "./http/archive.ts";
import { atPace } from "./http/pace.ts";
import type { Answer, RequestBody } from "./http/transport.ts";
import { TusStack } from "./http/tus-stack.ts";
import { Interrupted, messageOf, Problem } from "./problems.ts";

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
  /** What it counts as on the link; left out: bulk. */
  fileClass?: FileClass;
  /** Asked before each PATCH: true ends the attempt there, with everything acknowledged kept. */
  shouldYield?: () => boolean;
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
 * border of a chunk. Ends when the archive has acknowledged the last byte, or between two PATCHes when it is to yield.
 *
 * @throws Problem: "restart" when the upload is gone, "again" and others as the archive answered
 * @throws Interrupted
 */
export function sendBytes(options: SendOptions, signal: AbortSignal): Promise<"sent" | "yielded"> {
  const { archive, chunkSizeBytes, patience, fileClass = "bulk" } = options;
  const { patchSize } = archive;
  let offset = options.acknowledgedBytes;
  let patchBeganAtMs: number | null = null;
  return new Promise((resolve, reject) => {
    const check = (method: string, answer: Answer) => {
      const before = offset;
      offset = checkAnswer(method, answer, options, before);
      if (patchBeganAtMs !== null) patchSize.learn(offset - before, performance.now() - patchBeganAtMs);
      patchBeganAtMs = null;
      upload.options.chunkSize = patchSize.at(offset, chunkSizeBytes);
      options.onAcknowledged(offset, recordingIn(answer));
    };
    const end = (error: unknown) => {
      signal.removeEventListener("abort", onAbort);
      void upload.abort();
      if (patchBeganAtMs !== null && error instanceof Problem && error.kind === "again") patchSize.shrink();
      if (error === null) resolve("sent");
      else if (error instanceof Yielded) resolve("yielded");
      else reject(error);
    };
    const onAbort = () => end(signal.reason);
    const beforePatch = async () => {
      if (options.shouldYield?.() === true) throw new Yielded();
      await options.checkFile();
      patchBeganAtMs = performance.now();
    };
    // The file goes in by our own reader, so this first argument is never touched.
    const upload = new Upload(Buffer.alloc(0), {
      // Without an endpoint tus-js-client cannot do what it does on any failed HEAD: begin again from zero.
      endpoint: null,
      uploadUrl: options.uploadUrl,
      retryDelays: null,
      chunkSize: patchSize.at(offset, chunkSizeBytes),
      uploadSize: options.sizeBytes,
      storeFingerprintForResuming: false,
      fingerprint: async () => "",
      httpStack: new TusStack(archive, signal, { patience, fileClass }, check),
      fileReader: readerFor(options, beforePatch),
      onProgress: (sentBytes) => options.onSent(sentBytes),
      onSuccess: () => end(null),
      onError: (error) => end(problemIn(error)),
    });
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    upload.start();
  });
}

/** Ends an attempt between two PATCHes. */
class Yielded extends Error {}

// Everything is looked at here, before tus-js-client acts on it. @throws Problem
function checkAnswer(method: string, answer: Answer, options: SendOptions, before: number): number {
  const isHead = method === "HEAD";
  // A proxy that takes only small bodies; the archive's own limit is on the whole upload, at its creation.
  if (answer.status === 413 && !isHead && !options.archive.patchSize.isLeast)
    throw new Problem("again", "Something on the way finds the request too large; it becomes smaller.");
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

function readerFor(options: SendOptions, beforePatch: () => Promise<void>): FileReader {
  return {
    openFile: async () => ({
      size: options.sizeBytes,
      slice: async (start: number, end: number) => {
        await beforePatch();
        const read = atPace(
          (buffer, position, lengthBytes) => options.read(buffer, start + position, lengthBytes),
          options.archive.patchSize.paceBytesPerSecond,
        );
        const body: RequestBody & { size: number } = {
          size: end - start,
          sizeBytes: end - start,
          read,
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
  if (cause instanceof Problem || cause instanceof Interrupted || cause instanceof Yielded) return cause;
  return new Problem("again", messageOf(cause ?? error), { cause: error });
}
