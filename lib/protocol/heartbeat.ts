import { z } from "zod";
import { fileNameProblem, hasUnprintable, safeFileName } from "./file-name.ts";
import { ProtocolError } from "./protocol-error.ts";
import { maxStartNameLength } from "./start-name.ts";

/** Most bytes of a heartbeat. */
export const maxHeartbeatBytes = 64 * 1024;
/** Most files that a heartbeat tells of as being sent, and as next. */
const maxSending = 8;
const maxNext = 50;

/** Why a device sends nothing. */
export const waitReasons = [
  "nothing",
  "offline",
  "captive_portal",
  "metered",
  "budget",
  "timetable",
  "server",
  "token",
  "pending",
  "suspended",
  "revoked",
  "disk",
  "clock",
  "hashing",
  "paused",
] as const;
/** Why a device sends nothing now. */
export type WaitReason = (typeof waitReasons)[number];

/** In what order files go: what the archive asked for, then events, then everything else. */
export const fileClasses = ["wanted", "event", "bulk"] as const;
/** How urgent a file is. */
export type FileClass = (typeof fileClasses)[number];

/** What a device found about a file that it was asked for. */
export const wantedOutcomes = ["queued", "sending", "not_found"] as const;

// A sick device must be able to say so: text is cut and cleaned, never a reason to refuse the whole.
const text = (maxLength: number) =>
  z
    .string("must be text")
    .max(16_384, "is too long")
    .transform((value) => {
      const line = value.replaceAll(/\s+/g, " ").trim();
      const clean = hasUnprintable(line) ? [...line].filter((letter) => !hasUnprintable(letter)).join("") : line;
      // A cut may halve a character of two units.
      return [...clean].join("").length <= maxLength ? clean : cut(clean, maxLength);
    });

function cut(line: string, maxLength: number): string {
  let kept = "";
  for (const letter of line) {
    if (kept.length + letter.length > maxLength - 1) break;
    kept += letter;
  }
  return `${kept}…`;
}

const fileName = z
  .string("must be text")
  .max(16_384, "is too long")
  .transform((name) => (fileNameProblem(name) === null ? name : safeFileName(name)));
const number = (min: number, max: number) =>
  z.number("must be a number").min(min, `must not be below ${min}`).max(max, `must not be above ${max}`);
const count = number(0, Number.MAX_SAFE_INTEGER).transform(Math.floor);
const milliseconds = number(-1e15, 1e15);
const age = number(0, 1e15);
const time = z.iso.datetime({ offset: true, error: "must be a time with a zone, as in 2026-03-14T10:31:04Z" });
const sha256 = z.string("must be text").regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hexadecimal digits");
const list = <T extends z.ZodType>(entry: T, max: number) =>
  z.array(entry, "must be a list").max(max, `must have at most ${max} entries`);

/** A heartbeat as it is sent. */
export const heartbeatSchema = z.object(
  {
    version: z.literal(1, "must be 1; this archive knows no other"),
    instance: z.object(
      {
        bootId: text(maxStartNameLength),
        /** Random for each start: two that alternate are two machines with one identity. */
        process: text(maxStartNameLength),
      },
      "must be an object",
    ),
    uploader: z.object({ version: text(60), runtime: text(60), platform: text(60) }, "must be an object"),
    sentAt: time.optional(),
    monotonicMs: age.optional(),
    /** `offsetMs`: how far the device's clock is ahead of the archive's, as the device reckons. */
    clock: z.object({ source: text(40), offsetMs: milliseconds.nullable() }).optional(),
    /** The version of its remote configuration that holds now; the problem with a newer one that does not. */
    configVersion: count.nullable().optional(),
    configProblem: text(500).nullable().optional(),
    /** The last link of its chain. */
    chain: z
      .object({ sequence: number(1, Number.MAX_SAFE_INTEGER).int(), sha256 })
      .nullable()
      .optional(),
    /** Of files that have no receipt yet. */
    queue: z
      .object({ files: count, bytes: count, events: count, oldestAt: time.nullable(), oldestAgeMs: age.nullable() })
      .optional(),
    sending: list(
      z.object({
        fileName,
        sizeBytes: count,
        acknowledgedBytes: count,
        bytesPerSecond: age,
        class: z.enum(fileClasses),
      }),
      maxSending,
    ).optional(),
    next: list(
      z.object({
        fileName,
        sha256: sha256.nullable(),
        sizeBytes: count,
        class: z.enum(fileClasses),
        capturedFrom: time.nullable(),
      }),
      maxNext,
    ).optional(),
    waiting: z
      .object({ reason: z.enum(waitReasons), detail: text(300), untilMs: age.nullable() })
      .nullable()
      .optional(),
    disk: z.object({ totalBytes: count, freeBytes: count, unreceiptedBytes: count }).optional(),
    link: z.object({ isMetered: z.boolean().nullable(), interface: text(64).nullable() }).optional(),
    /** Since this process began. */
    counters: z
      .object({
        sentBytes: count,
        resentBytes: count,
        /** By cause. */
        retries: z
          .record(
            z
              .string()
              .max(60)
              .regex(/^[\w.-]+$/, "must be words"),
            count,
          )
          .refine((causes) => Object.keys(causes).length <= 32, "must have at most 32 causes"),
        stalls: count,
        resumes: count,
        tombstones: count,
      })
      .optional(),
    temperatureC: number(-273.15, 1_000).nullable().optional(),
    lastError: z
      .object({ code: text(60), message: text(500), at: time })
      .nullable()
      .optional(),
    recorders: list(z.object({ name: text(100), state: text(40), lastGapAt: time.nullable() }), 32).optional(),
    /** What became of files that the archive asked for. */
    wantedResults: list(z.object({ id: text(32), outcome: z.enum(wantedOutcomes) }), 50).optional(),
  },
  "must be an object",
);

/** What a device says about itself every minute or so. Beside the first three members everything may be missing. */
export type Heartbeat = z.output<typeof heartbeatSchema>;

/** What an archive answers to a heartbeat. */
export type HeartbeatAnswer = {
  serverTime: string;
  /** Until the next heartbeat; spread by the archive, so that a fleet does not call at once. */
  nextInSeconds: number;
  /** Version of the configuration that the device should have. */
  configVersion: number;
  /** Files that it should send now, by name, by content, or both. */
  wanted: { id: string; fileName?: string | undefined; sha256?: string | undefined }[];
  /** The device's key is near the age at which the archive wants another. */
  rotateKey: boolean;
  /** The highest number of its chain that is here; null: none. */
  chain: { sequence: number; sha256: string } | null;
};

/** What is wrong with a heartbeat; `member` names which of its own members, null when it is none at all. */
export class HeartbeatError extends Error {
  readonly member: string | null;

  constructor(member: string | null, problem: string) {
    super(problem);
    this.name = "HeartbeatError";
    this.member = member;
  }
}

const answerSchema = z.object({
  serverTime: z.iso.datetime(),
  nextInSeconds: z.number().min(1).max(86_400),
  configVersion: z.number().int().nonnegative(),
  wanted: z.array(z.object({ id: z.string(), fileName: z.string().optional(), sha256: z.string().optional() })),
  rotateKey: z.boolean(),
  chain: z.object({ sequence: z.number(), sha256: z.string() }).nullable(),
});

/**
 * Reads a heartbeat. Members that are not known are dropped, and text is cleaned: a device that is ill must be heard.
 *
 * @throws HeartbeatError that says what is wrong first
 */
export function readHeartbeat(value: unknown): Heartbeat {
  const result = heartbeatSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const [member] = issue?.path ?? [];
  const problem = `${issue?.path.join(".") || "The heartbeat"} ${issue?.message ?? "cannot be read"}.`;
  throw new HeartbeatError(member === undefined ? null : String(member), problem);
}

/**
 * Reads an archive's answer to a heartbeat. Members that are not known are dropped.
 *
 * @throws ProtocolError that says what is wrong first
 */
export function readHeartbeatAnswer(value: unknown): HeartbeatAnswer {
  const result = answerSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ProtocolError(`${issue?.path.join(".") || "The answer to the heartbeat"} ${issue?.message}.`);
}
