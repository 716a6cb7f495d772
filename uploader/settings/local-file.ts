import { readFileSync } from "node:fs";
import { isAbsolute } from "node:path";
import { z } from "zod";
import {
  deviceSettingsSchema,
  maxChunkSizeBytes,
  minChunkSizeBytes,
  settingsProblem,
} from "../../lib/protocol/index.ts";
import { messageOf, Problem, systemCode } from "../problems.ts";
import { recorderSchema } from "../recorder/settings.ts";

/** Read when it is there and `--config` names no other. */
const defaultConfigFile = "/etc/strongroom/uploader.json";

const text = (what: string, max = 500) =>
  z.string(`must be ${what}`).min(1, `must be ${what}`).max(max, `must have at most ${max} characters`);
const path = z
  .string("must be a path that begins with /")
  .refine((value) => isAbsolute(value), "must be a path that begins with /");
const wholeNumber = (min: number, max: number) =>
  z
    .int(`must be a whole number from ${min} to ${max}`)
    .min(min, `must be a whole number from ${min} to ${max}`)
    .max(max, `must be a whole number from ${min} to ${max}`);
const isAllowed = z.boolean("must be true or false");
const held = z.literal("hold", 'must be "hold", or left out');

const limits = z.strictObject(
  {
    /** Never faster than this, whatever the archive says; null or left out: no limit of the device's own. */
    rateBytesPerSecond: wholeNumber(1000, Number.MAX_SAFE_INTEGER).nullable().optional(),
    /** false: no local file is ever deleted. */
    allowDeletion: isAllowed.optional(),
    /** false: a full disk never loses what has not arrived. */
    allowTombstones: isAllowed.optional(),
    /** At least so long between receipt and deletion. */
    minHoldHours: wholeNumber(0, 87_600).optional(),
    /** Links that cost money, beside those that the archive names. */
    meteredInterfaces: z.array(text("the name of an interface", 64), "must be a list of interfaces").max(32).optional(),
    meteredBulk: held.optional(),
    meteredEvents: held.optional(),
    meteredRateBytesPerSecond: wholeNumber(1000, Number.MAX_SAFE_INTEGER).nullable().optional(),
    /** For so long what became of a file that is gone is remembered, in days of running; default 30. */
    keepRecordsDays: wholeNumber(0, 3650).optional(),
  },
  "must be an object",
);

const schema = z.strictObject(
  {
    server: z.url({ protocol: /^https?$/, error: "must be an address such as https://archive.example" }).optional(),
    tokenFile: path.optional(),
    stateFolder: path.optional(),
    watch: z
      .array(path, "must be a list of folders")
      .min(1, "must name a folder")
      .max(64, "must name at most 64 folders")
      .optional(),
    include: z
      .array(
        z.string().regex(/^\.?[A-Za-z0-9]{1,10}$/, "must be an ending such as mp4"),
        "must be a list of file name endings",
      )
      .min(1, "must name an ending")
      .optional(),
    source: text("a name such as rear", 200).optional(),
    alias: text("an id", 200).optional(),
    place: text("a place", 500).optional(),
    metadata: z.record(z.string(), z.json(), "must be an object").optional(),
    chunkSizeBytes: wholeNumber(minChunkSizeBytes, maxChunkSizeBytes).optional(),
    /** Sources that `run` cuts into recordings; their folders are watched. */
    recorders: z
      .array(recorderSchema, "must be a list of recorders")
      .max(16, "must name at most 16 recorders")
      .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, "must have a name of its own each")
      .optional(),
    /** Address of the Prometheus text. */
    metrics: z
      .string()
      .regex(/^(?:.+:)?\d{1,5}$/, "must be an address and port, such as 127.0.0.1:9464")
      .optional(),
    /** Size of the log on disk. */
    logBytes: wholeNumber(65_536, 1_073_741_824).optional(),
    /** What nobody but this file may loosen. */
    limits: limits.optional(),
    /** What holds where the archive has not decided. */
    settings: z.record(z.string(), z.unknown(), "must be an object").optional(),
  },
  "must be an object",
);

/** The local settings file. */
export type LocalFile = z.output<typeof schema>;
/** What nobody but the local file may loosen. */
export type LocalLimits = z.output<typeof limits>;

/**
 * Reads the local settings file; null when none is named and the usual one is not there.
 *
 * @throws Problem "usage" that names the file, the member and what would do
 */
export function readLocalFile(named: string | undefined): { path: string; file: LocalFile } | null {
  const path = named ?? defaultConfigFile;
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    if (named === undefined && (systemCode(error) === "ENOENT" || systemCode(error) === "EACCES")) return null;
    throw new Problem("usage", `The settings cannot be read from ${path}: ${messageOf(error)}.`);
  }
  return { path, file: parseLocalFile(content, path) };
}

/** @throws Problem "usage" that names the file, the member and what would do */
export function parseLocalFile(content: string, path: string): LocalFile {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw new Problem("usage", `${path} is not JSON: ${messageOf(error)}.`);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw wrong(path, "", parsed.error);
  const settings = deviceSettingsSchema.safeParse(parsed.data.settings ?? {});
  if (!settings.success) throw wrong(path, "settings.", settings.error);
  return parsed.data;
}

function wrong(path: string, prefix: string, error: z.ZodError): Problem {
  const { member, problem } = settingsProblem(error);
  const [issue] = error.issues;
  const known =
    issue?.code === "unrecognized_keys" && issue.path.length === 0 && prefix === ""
      ? ` (known: ${Object.keys(schema.shape).join(", ")})`
      : "";
  return new Problem("usage", `${path}: ${member === null ? "it" : `${prefix}${member}`} ${problem}${known}.`);
}
