import { basename } from "node:path";
import { durationInWords, sizeInWords } from "../report/words.ts";
import type { RecorderEvent } from "./events.ts";

/** An event in words. */
export function sentenceOf(event: RecorderEvent): string {
  const { recorder } = event;
  switch (event.event) {
    case "recording":
      return `${recorder}: recording ${event.input} with ffmpeg ${event.ffmpeg}`;
    case "recorded":
      return `${recorder}: ${basename(event.file)}, ${sizeInWords(event.sizeBytes)}, ${event.capturedFrom} to ${event.capturedUntil}${event.incomplete === null ? "" : `; it may lack its end: ${event.incomplete}`}`;
    case "gap":
      return `${recorder}: nothing was recorded from ${event.from} to ${event.until}: ${event.reason}`;
    case "recorder_restart":
      return `${recorder}: ${event.problem.replace(/\.$/, "")}. Trying again in ${durationInWords(event.inSeconds)}.`;
    case "recorder_notice":
      return `${recorder}: ${event.message}`;
    case "recorder_ended":
      return `${recorder}: ended after ${event.recordings} recordings`;
  }
}
