import { z } from "zod";
import { hasUnprintable } from "./file-name.ts";
import { ProtocolError } from "./protocol-error.ts";

const wholeNumber = (min: number, max: number) =>
  z
    .number(`must be a whole number from ${min} to ${max}`)
    .refine((value) => Number.isSafeInteger(value) && value >= min && value <= max, {
      error: `must be a whole number from ${min} to ${max}`,
    });

const bytes = (min = 1) => wholeNumber(min, Number.MAX_SAFE_INTEGER).nullable();
const seconds = wholeNumber;
const words = (max: number, maxLength: number) =>
  z
    .array(
      z
        .string("must be text")
        .min(1, "must not be empty")
        .max(maxLength, `must have at most ${maxLength} characters`)
        .refine((text) => !hasUnprintable(text), "must not contain control or text-direction characters"),
      "must be a list",
    )
    .max(max, `must have at most ${max} entries`);
const choice = <const T extends readonly [string, ...string[]]>(names: T) =>
  z.enum(names, `must be one of ${names.join(", ")}`);
const timeOfDay = z
  .string("must be a time of day, as in 07:30")
  .regex(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, "must be a time of day, as in 07:30");

const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

const timetableRow = z.strictObject({
  days: z.array(choice(days), "must be a list of days").min(1, "must name a day").max(7, "must name each day once"),
  /** Local time of the device. Until midnight is 24:00; `to` at or before `from` ends on the next day. */
  from: timeOfDay,
  to: timeOfDay,
  /** 0: nothing but events and heartbeats; null: no limit in these hours. */
  rateBytesPerSecond: bytes(0),
});

const budget = z.strictObject({ dayBytes: bytes(0).default(null), monthBytes: bytes(0).default(null) }).prefault({});

const transfer = z.strictObject({
  /** Bulk files at a time; one lane more is kept for events and files that were asked for. */
  parallel: wholeNumber(1, 8).default(1),
  rateBytesPerSecond: bytes().default(null),
  timetable: z.array(timetableRow, "must be a list").max(64, "must have at most 64 rows").default([]),
  metered: z
    .strictObject({
      /** Links that cost money whatever the system says of them. A name, or its beginning and `*`. */
      interfaces: words(32, 64).default([]),
      bulk: choice(["send", "hold"]).default("send"),
      events: choice(["send", "hold"]).default("send"),
      rateBytesPerSecond: bytes().default(null),
    })
    .prefault({}),
  /** Most bytes on metered links, a day and a month of the device's local time. */
  budgets: z.strictObject({ bulk: budget, events: budget }).prefault({}),
});

const deletion = z.strictObject({
  policy: choice(["never", "after_receipt"]).default("never"),
  /** Since the receipt came. */
  holdHours: wholeNumber(0, 87_600).default(24),
  /** Deletes what has a receipt and was held long enough only while less than this is free; null, both: at once. */
  keepFreeBytes: bytes(0).default(null),
  /** Deletes it while all recordings on the device take more than this, however much is free. */
  quotaBytes: bytes(0).default(null),
  /** Lets a full disk lose recordings that have not arrived, each with a signed statement. */
  allowTombstones: z.boolean("must be true or false").default(false),
});

/** What an archive may decide for a device, whole: every part that is left out is the built-in default. */
export const deviceSettingsSchema = z
  .strictObject({
    heartbeatSeconds: seconds(10, 3_600).default(45),
    transfer: transfer.prefault({}),
    order: choice(["oldest", "newest"]).default("oldest"),
    /** What goes first: by tag, or by a glob on the path below the watched folder. */
    events: z.strictObject({ tags: words(64, 100).default([]), names: words(64, 200).default([]) }).prefault({}),
    deletion: deletion.prefault({}),
    find: z
      .strictObject({
        settleSeconds: seconds(0, 86_400).default(10),
        incompleteAfterSeconds: seconds(1, 604_800).default(600),
        rescanSeconds: seconds(1, 86_400).default(30),
      })
      .prefault({}),
  })
  .superRefine((settings, check) => {
    settings.transfer.timetable.forEach((row, index) => {
      if (row.from !== "24:00" && row.from !== row.to) return;
      const path = ["transfer", "timetable", index, "from"];
      check.addIssue({ code: "custom", path, message: "must be another time than its end, and before 24:00" });
    });
  });

/** What an archive decides for a device, every part filled in. A local file may be stricter, never laxer. */
export type DeviceSettings = z.output<typeof deviceSettingsSchema>;
/** The same as somebody writes it: what is left out stays as it is built in. */
export type DeviceSettingsInput = z.input<typeof deviceSettingsSchema>;

/** What holds where nobody has decided anything. */
export const defaultDeviceSettings: DeviceSettings = deviceSettingsSchema.parse({});

/**
 * Reads settings that come from outside. A member that is not known is refused: half a configuration is none.
 *
 * @throws ProtocolError that names the first member that is wrong
 */
export function readDeviceSettings(value: unknown): DeviceSettings {
  const parsed = deviceSettingsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problem = settingsProblem(parsed.error);
  throw new ProtocolError(`${problem.member ?? "The settings"} ${problem.problem}.`);
}

/** The first thing that is wrong with settings: the member's path with dots, and the end of a sentence. */
export function settingsProblem(error: z.ZodError): { member: string | null; problem: string } {
  const [issue] = error.issues;
  if (issue?.code === "unrecognized_keys") {
    const member = [...issue.path, issue.keys[0] ?? ""].join(".");
    return { member, problem: "is not a setting that is known here" };
  }
  const problem = issue === undefined || issue.path.length === 0 ? "must be an object" : issue.message;
  return { member: issue?.path.join(".") || null, problem };
}

/** What `GET /api/devices/config` answers. `version` names the configuration, another number another one; it is the entity tag too. */
export type DeviceConfig = { version: number; settings: DeviceSettings };
