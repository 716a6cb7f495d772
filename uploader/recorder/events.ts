import type { RecorderSettings } from "./settings.ts";

/** What recorders tell; with `--json` each is one line. Fields are only ever added; docs/devices.md lists them. */
export type RecorderEvent =
  | { event: "recording"; recorder: string; input: string; format: RecorderSettings["format"]; ffmpeg: string }
  /** A recording came into place. */
  | {
      event: "recorded";
      recorder: string;
      file: string;
      sizeBytes: number;
      /** ISO 8601, by this device's clock. */
      capturedFrom: string;
      capturedUntil: string;
      /** Positions in the stream since it was opened; null where a killed ffmpeg left it unknown. */
      startMs: number;
      endMs: number | null;
      /** Why it may lack its end; null: it lacks nothing. */
      incomplete: string | null;
    }
  | { event: "gap"; recorder: string; from: string; until: string; reason: string }
  | { event: "recorder_restart"; recorder: string; attempt: number; inSeconds: number; problem: string }
  | { event: "recorder_notice"; recorder: string; message: string }
  | { event: "recorder_ended"; recorder: string; recordings: number };

/** Takes events. */
export type RecorderReport = (event: RecorderEvent) => void;

/** How a recorder is, for status, heartbeats and metrics. */
export type RecorderStatus = {
  name: string;
  state: "starting" | "recording" | "waiting" | "stopped";
  /** Why it does not record, for people; null: it does, or is about to. */
  problem: string | null;
  /** ISO 8601. */
  lastGapAt: string | null;
  /** How long ago the last frame came, by the monotonic clock; null: none yet. */
  lastFrameAgeMs: number | null;
  recordings: number;
  bytes: number;
  incomplete: number;
  gaps: number;
  restarts: number;
};
