import { isAbsolute } from "node:path";
import { z } from "zod";
import { hasUnprintable } from "../../lib/protocol/index.ts";
import { Problem } from "../problems.ts";
import { profileNames } from "./profiles.ts";

const durationPattern = /^(\d{1,8}(?:\.\d{1,3})?)(ms|s|m|h)?$/;
const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const minSegmentMs = 3000;
const maxSegmentMs = 3_600_000;

const milliseconds = (min: number, max: number) =>
  z.int(`must be a whole number of milliseconds from ${min} to ${max}`).min(min).max(max);
const text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((value) => !hasUnprintable(value), "must not contain control characters");

/** One source that is cut into recordings, as the settings file says it under `recorders`. */
export const recorderSchema = z.strictObject({
  /** Begins the names of its recordings. */
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/, "must be 1 to 40 letters, digits, - or _"),
  /** rtsp, rtmp, http, udp or srt address, a device such as /dev/video0, or a file to replay. */
  url: text(2000),
  out: z.string().refine((value) => isAbsolute(value), "must be a path that begins with /"),
  segmentMs: milliseconds(minSegmentMs, maxSegmentMs),
  format: z.enum(["mp4", "mkv", "ts"]).default("mp4"),
  /** A profile makes smaller or other video; null copies what the source sends. */
  reEncode: z.enum(profileNames).nullable().default(null),
  /** Camera or view, as the archive shows it; default: the name. */
  source: text(100).optional(),
  rtspTransport: z.enum(["tcp", "udp"]).default("tcp"),
  /** Wait for the camera to connect to us (RTSP ANNOUNCE). */
  listens: z.boolean().default(false),
  audio: z.boolean().default(true),
  /** How a file is replayed. */
  replay: z.enum(["realtime", "fast"]).default("realtime"),
  /** Without a new frame for so long, the connection is made anew. */
  stallMs: milliseconds(1000, 600_000).default(10_000),
  /** Recording pauses while less than this is free: the last of a disk is what finishing and sending need. */
  minFreeBytes: z
    .int("must be a whole number of bytes")
    .min(0, "must be a whole number of bytes")
    .default(64 * 1024 * 1024),
  ffmpeg: text(1000).default("ffmpeg"),
  /** gpsd that knows where the device is; each recording gets its track. */
  gps: z
    .string()
    .regex(/^gpsd:\/\/[A-Za-z0-9.[\]:-]{1,255}$/, "must be an address such as gpsd://localhost:2947")
    .nullable()
    .default(null),
});

/** One source, its settings filled in. */
export type RecorderSettings = z.output<typeof recorderSchema>;

/** Checks the settings of a recorder. @throws Problem "usage" that names the member */
export function readRecorderSettings(value: unknown): RecorderSettings {
  const { data, error } = recorderSchema.safeParse(value);
  if (data !== undefined) return data;
  const [issue] = error.issues;
  throw new Problem("usage", `The recorder's ${issue?.path.join(".") || "settings"}: ${issue?.message}.`);
}

/** Reads 60, 60s, 2.5s, 2500ms, 10m or 1h as milliseconds. @throws Problem "usage" */
export function readDurationMs(given: string): number {
  const match = durationPattern.exec(given.trim());
  const unit = match?.[2] ?? "s";
  const ms = match === null ? Number.NaN : Number(match[1]) * unitMs[unit as keyof typeof unitMs];
  if (Number.isInteger(ms) && ms >= minSegmentMs && ms <= maxSegmentMs) return ms;
  throw new Problem("usage", `--segment must be 3 s to 1 h, to the millisecond, such as 60s, 2m or 7500ms.`);
}

/** An address without user name, password and query, which may hold secrets. */
export function withoutSecrets(url: string): string {
  return /^[a-z]+:\/\//i.test(url) ? url.replace(/\/\/[^/?#]*@/, "//").replace(/\?.*$/, "") : url;
}
