import type { ProblemKind } from "../problems.ts";
import type { RecorderEvent } from "../recorder/events.ts";

/**
 * What the uploader tells while it works. With `--json` each is one line of standard output. Fields are only ever
 * added; docs/devices.md lists them.
 */
export type UploaderEvent =
  /** The file is not finished yet. */
  | { event: "waiting"; file: string; reason: "empty" | "growing" | "incomplete" | "busy"; detail: string }
  | { event: "hashing"; file: string; readBytes: number; sizeBytes: number }
  /** The file's digests are known. */
  | { event: "described"; file: string; sha256: string; sizeBytes: number; chunks: number; mediaType: string }
  /** Bytes go to this upload from this offset on. */
  | { event: "upload"; file: string; url: string; recording: string | null; offsetBytes: number; sizeBytes: number }
  | {
      event: "progress";
      file: string;
      /** Acknowledged by the archive. */
      acknowledgedBytes: number;
      /** Handed to the network. */
      sentBytes: number;
      sizeBytes: number;
      bytesPerSecond: number;
      /** Null while the rate is not known. */
      secondsLeft: number | null;
    }
  | { event: "retry"; file: string; attempt: number; inSeconds: number; problem: string }
  /** The archive has acknowledged every byte. */
  | { event: "delivered"; file: string; recording: string | null; sha256: string }
  /** The last word on a file that went well. */
  | {
      event: "done";
      file: string;
      recording: string | null;
      sha256: string;
      state: "sealed" | "disposed" | "delivered";
      sizeBytes: number;
      isDeleted: boolean;
    }
  /** The last word on a file that did not. */
  | {
      event: "failed";
      file: string;
      kind: ProblemKind | "interrupted" | "internal";
      problem: string;
      recording: string | null;
      sha256: string | null;
      exitCode: number;
    }
  /** The local file is gone, by the rules for that. */
  | { event: "deleted"; file: string; recording: string | null; reason: "receipted" | "evicted" }
  | { event: "notice"; file: string | null; message: string }
  /** What is recorded, beside what is sent. */
  | RecorderEvent
  | { event: "watching"; folders: string[]; server: string };

/** Takes events. */
export type Report = (event: UploaderEvent) => void;
