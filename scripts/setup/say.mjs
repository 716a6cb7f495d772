import { styleText } from "node:util";

let stream = process.stdout;

/** From now on says everything on standard error, for commands whose standard output is read by programs. */
export function sayOnStandardError() {
  stream = process.stderr;
}

/** Styles text for people, and leaves it plain when it goes to a file. */
export function style(format, text) {
  return stream.isTTY && typeof styleText === "function" ? styleText(format, text) : text;
}

/** One line. */
export function say(line) {
  stream.write(`${line}\n`);
}

/** Elapsed time since `startedAt` (milliseconds of performance.now), as in "4.1 s". */
export function since(startedAt) {
  const seconds = (performance.now() - startedAt) / 1000;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** Something stands in the way. The message is one sentence that says what to do; no stack is shown. */
export class Obstacle extends Error {}

/** What to do about a full disk. */
export const diskIsFull = "The disk is full: free some space and run the same command again.";

const knownProblems = [
  [/ENOSPC|no space left on device/i, diskIsFull],
  [/EROFS|read-only file system/i, "This folder is read-only: copy the checkout to a folder that you can write to."],
  [/EACCES|permission denied/i, "This user may not write here: give it the checkout (chown -R) or copy the checkout."],
  [
    /ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNRESET|ECONNREFUSED.*registry|network/i,
    "npm cannot reach its registry: check the network or npm's proxy settings, and run the same command again.",
  ],
];

/** The sentence for what went wrong while preparing, or null when the output itself must be read. */
export function sentenceFor(output) {
  return knownProblems.find(([pattern]) => pattern.test(output))?.[1] ?? null;
}
