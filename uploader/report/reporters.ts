import { basename } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { sentenceOf } from "../recorder/sentences.ts";
import type { Report, UploaderEvent } from "./events.ts";
import { durationInWords, percentInWords, sizeInWords } from "./words.ts";

/** Where lines go, and what it can do. */
export type Output = {
  write(text: string): void;
  isTerminal: boolean;
  hasColour: boolean;
  columns: () => number;
  rows: () => number;
};

/** One JSON object a line. */
export function jsonReport(output: Output): Report {
  return (event) => output.write(`${JSON.stringify(event)}\n`);
}

/** Lines for people. On a terminal, progress redraws one line; elsewhere it is said every ten per cent. */
export function plainReport(output: Output): Report {
  let isLineOpen = false;
  const toldTenths = new Map<string, number>();
  return (event) => {
    const said = sentence(event);
    if (isPassing(event)) {
      if (output.isTerminal) {
        output.write(`\r\u001b[2K${cut(said, output.columns())}`);
        isLineOpen = true;
      } else if (event.event === "progress") {
        const tenth = Math.floor((event.acknowledgedBytes / event.sizeBytes) * 10);
        if (tenth === toldTenths.get(event.file)) return;
        toldTenths.set(event.file, tenth);
        output.write(`${said}\n`);
      }
      return;
    }
    if ("file" in event && (event.event === "done" || event.event === "failed")) toldTenths.delete(event.file ?? "");
    output.write(`${isLineOpen ? "\r\u001b[2K" : ""}${output.hasColour ? coloured(event, said) : said}\n`);
    isLineOpen = false;
  };
}

function isPassing(event: UploaderEvent): boolean {
  return event.event === "progress" || event.event === "hashing";
}

function coloured(event: UploaderEvent, said: string): string {
  if (event.event === "done") return `\u001b[32m${said}\u001b[39m`;
  if (event.event === "failed") return `\u001b[31m${said}\u001b[39m`;
  if (event.event === "retry" || event.event === "waiting") return `\u001b[33m${said}\u001b[39m`;
  return said;
}

function sentence(event: UploaderEvent): string {
  // A file name may hold anything, also what would move the cursor or change the terminal's title.
  const said = sentenceWithName(event, "file" in event && event.file !== null ? basename(event.file) : "");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: taking control characters out is what it is for
  return stripVTControlCharacters(said).replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "?");
}

function sentenceWithName(event: UploaderEvent, name: string): string {
  switch (event.event) {
    case "waiting":
      return event.reason === "busy"
        ? `${name}: waiting, ${event.detail}`
        : `${name}: waiting until it is finished, ${event.detail}`;
    case "hashing":
      return `${name}: reading ${percentInWords(event.readBytes, event.sizeBytes)} of ${sizeInWords(event.sizeBytes)}`;
    case "described":
      return `${name}: ${sizeInWords(event.sizeBytes)}, ${event.mediaType}, SHA-256 ${event.sha256}`;
    case "upload":
      return event.offsetBytes === 0
        ? `${name}: sending${event.recording === null ? "" : ` as ${event.recording}`}`
        : `${name}: going on at ${percentInWords(event.offsetBytes, event.sizeBytes)}${event.recording === null ? "" : ` of ${event.recording}`}`;
    case "progress":
      return `${name}: ${percentInWords(event.sentBytes, event.sizeBytes)}, ${sizeInWords(event.sentBytes)} of ${sizeInWords(event.sizeBytes)}, ${sizeInWords(event.bytesPerSecond)}/s${event.secondsLeft === null ? "" : `, ${durationInWords(event.secondsLeft)} left`}`;
    case "retry":
      return `${name}: ${event.problem} Trying again in ${durationInWords(event.inSeconds)}.`;
    case "delivered":
      return `${name}: all bytes delivered${event.recording === null ? "" : `; waiting for the seal of ${event.recording}`}`;
    case "done":
      return `${name}: ${event.state}${event.recording === null ? "" : ` as ${event.recording}`}, SHA-256 ${event.sha256}${event.isDeleted ? ", local file deleted" : ""}`;
    case "deleted":
      return event.reason === "receipted"
        ? `${name}: local file deleted; its receipt is kept`
        : `${name}: local file deleted to make room; a signed statement says so`;
    case "failed":
      return `${name}: ${event.problem}`;
    case "notice":
      return name === "" ? event.message : `${name}: ${event.message}`;
    case "watching":
      return `watching ${event.folders.join(", ")} for ${event.server}`;
    default:
      return sentenceOf(event);
  }
}

function cut(text: string, columns: number): string {
  return text.length < columns ? text : `${text.slice(0, Math.max(columns - 2, 10))}…`;
}
