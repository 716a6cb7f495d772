import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import {
  deviceTokenPrefix,
  keySetPath,
  MetadataError,
  maxChunkSizeBytes,
  minChunkSizeBytes,
} from "../lib/protocol/index.ts";
import packageJson from "../package.json" with { type: "json" };
import { type CaptureSettings, metadataHeaderFor } from "./capture.ts";
import type { EnqueueSettings } from "./commands/enqueue.ts";
import type { RunSettings } from "./commands/run.ts";
import type { VerifyReceiptSettings } from "./commands/verify-receipt.ts";
import type { DeliverySettings } from "./delivery/world.ts";
import type { FieldSettings } from "./field-parts.ts";
import { recordingExtensions } from "./finding/companions.ts";
import { defaultTransportSettings, type TransportSettings } from "./http/transport.ts";
import { hasIdentity } from "./identity/identity.ts";
import { defaultLogBytes } from "./log/log-ring.ts";
import { parseMetricsAddress } from "./metrics/metrics-server.ts";
import { type Command, type CommandName, commands } from "./options.ts";
import { messageOf, Problem } from "./problems.ts";
import type { SettleSettings } from "./ready-file.ts";
import { serviceEnvironmentOf } from "./service/service-notifier.ts";
import { type FlagValues, flagsOf, settingsOf } from "./settings/file-values.ts";
import { type LocalFile, readLocalFile } from "./settings/local-file.ts";

type Environment = Readonly<Record<string, string | undefined>>;
type Values = FlagValues;

/** Settings that push and run share. */
export type ArchiveSettings = {
  /** Null: that of the identity in the state folder. */
  server: string | null;
  /** Null: the identity in the state folder buys tokens. */
  readToken: (() => Promise<string>) | null;
  stateFolder: string;
  isJson: boolean;
  limitBytesPerSecond: number | null;
  transport: TransportSettings;
  delivery: DeliverySettings;
  settle: SettleSettings;
  /** Size of the daemon's log on disk. */
  logBytes: number;
};

/** The command line and the environment, parsed once. */
export type Settings =
  | { command: "push"; files: string[]; archive: ArchiveSettings }
  | { command: "run"; run: RunSettings; field: FieldSettings; archive: ArchiveSettings }
  | { command: "enqueue"; stateFolder: string; enqueue: EnqueueSettings }
  | { command: "verify-receipt"; verify: VerifyReceiptSettings };

/**
 * Reads a command's flags and the environment; flags win.
 *
 * @throws Problem "usage" that names the flag and says what would do
 */
export function readSettings(
  command: CommandName,
  args: readonly string[],
  environment: Environment = process.env,
): Settings {
  const { values: given, positionals } = parse(commands[command], args);
  const local = command === "verify-receipt" ? null : readLocalFile(text(given, "config"));
  const values = local === null ? given : flagsOf(local.file, given, environment);
  if (command === "enqueue")
    return { command, stateFolder: stateFolderFrom(values, environment), enqueue: enqueueFrom(values, positionals) };
  if (command === "verify-receipt") return { command, verify: verifyFrom(values, positionals, environment) };
  const isRun = command === "run";
  const archive = archiveFrom(values, local?.file ?? {}, environment, isRun);
  if (isRun) {
    refusePositionals(positionals);
    const field = fieldFrom(given, values, local?.file ?? {}, environment);
    return { command, archive, field, run: runFrom(values, archive.settle, local?.file ?? {}) };
  }
  if (positionals.length === 0) throw usage("push needs at least one FILE.");
  return { command: "push", files: positionals, archive };
}

/** Whether people want colours (https://no-color.org). */
export function wantsColour(environment: Environment = process.env): boolean {
  return (environment.NO_COLOR ?? "") === "" && environment.TERM !== "dumb";
}

/** A command line with what the settings file adds to it. */
export type CommandLine = {
  flags: FlagValues;
  positionals: string[];
  stateFolder: string;
  local: ReturnType<typeof readLocalFile>;
};

/** Reads the flags of a command, the settings file and the environment. @throws Problem "usage" */
export function readCommandLine(
  command: Command,
  args: readonly string[],
  environment: Environment = process.env,
): CommandLine {
  const { values, positionals } = parse(command, args);
  const local = command.isWithoutSettings === true ? null : readLocalFile(text(values, "config"));
  const flags = local === null ? values : flagsOf(local.file, values, environment);
  return { flags, positionals, stateFolder: stateFolderFrom(flags, environment), local };
}

/** The archive that flags or environment name. @throws Problem "usage" */
export function namedServer(flags: FlagValues, environment: Environment = process.env): string {
  return serverFrom(flags, environment);
}

/** How requests are made where no flag says otherwise. */
export function plainTransport(environment: Environment = process.env): TransportSettings {
  return { ...defaultTransportSettings, proxyEnv: environment };
}

/** How a command other than push and run reaches the archive. @throws Problem "usage" when none is named */
export function archiveAccess(
  { flags, stateFolder }: CommandLine,
  environment: Environment = process.env,
): { server: string | null; readToken: (() => Promise<string>) | null; stateFolder: string; hasProxy: boolean } {
  const isEnrolled = hasIdentity(stateFolder);
  const { HTTPS_PROXY, https_proxy, HTTP_PROXY, http_proxy, NODE_USE_ENV_PROXY } = environment;
  const hasProxy =
    NODE_USE_ENV_PROXY === "1" ||
    [HTTPS_PROXY, https_proxy, HTTP_PROXY, http_proxy].some((proxy) => (proxy ?? "") !== "");
  return {
    server: isEnrolled && !isServerNamed(flags, environment) ? null : serverFrom(flags, environment),
    readToken: tokenFrom(flags, environment, isEnrolled),
    stateFolder,
    hasProxy,
  };
}

function parse(command: Command, args: readonly string[]): { values: FlagValues; positionals: string[] } {
  const options = Object.fromEntries(
    command.options.map(({ name, value, isRepeated }) => [
      name,
      { type: value === undefined ? ("boolean" as const) : ("string" as const), multiple: isRepeated ?? false },
    ]),
  );
  try {
    return parseArgs({ args: withPin(args), options, allowPositionals: true, strict: true });
  } catch (error) {
    throw usage(messageOf(error));
  }
}

// One thumbprint in 64 begins with a hyphen, and would be taken for a flag.
function withPin(args: readonly string[]): string[] {
  const at = args.indexOf("--pin");
  const value = args[at + 1];
  if (at < 0 || value === undefined || !/^-[\w-]{42}$/.test(value)) return [...args];
  return [...args.slice(0, at), `--pin=${value}`, ...args.slice(at + 2)];
}

function archiveFrom(values: Values, local: LocalFile, environment: Environment, isRun: boolean): ArchiveSettings {
  const chunkSizeBytes = bytes(values, "chunk-size", 8 * 1024 * 1024, 1024);
  if (chunkSizeBytes < minChunkSizeBytes || chunkSizeBytes > maxChunkSizeBytes)
    throw usage(`--chunk-size must lie between ${minChunkSizeBytes} and ${maxChunkSizeBytes} bytes.`);
  const capture = captureFrom(values, chunkSizeBytes);
  const stateFolder = stateFolderFrom(values, environment);
  const isEnrolled = hasIdentity(stateFolder);
  const giveUpAfterMs = isRun ? 600_000 : seconds(values, "give-up-after", 600) * 1000;
  return {
    server: isEnrolled && !isServerNamed(values, environment) ? null : serverFrom(values, environment),
    readToken: tokenFrom(values, environment, isEnrolled),
    stateFolder,
    logBytes: local.logBytes ?? defaultLogBytes,
    isJson: values.json === true,
    limitBytesPerSecond:
      values["limit-rate"] === undefined
        ? (local.limits?.rateBytesPerSecond ?? null)
        : bytes(values, "limit-rate", 0, 1000),
    transport: {
      ...plainTransport(environment),
      connectTimeoutMs: positive("connect-timeout", seconds(values, "connect-timeout", 20)) * 1000,
      stallTimeoutMs: positive("stall-timeout", seconds(values, "stall-timeout", 60)) * 1000,
    },
    delivery: {
      capture,
      chunkSizeBytes,
      waitsForSeal: values["no-wait"] !== true,
      deletesAfterSeal: deletionFrom(values),
      retriesAuthentication: isRun,
      repeatsRefused: !isRun,
      patience: {
        firstDelayMs: 1000,
        maxDelayMs: isRun ? 300_000 : 30_000,
        giveUpAfterMs: giveUpAfterMs === 0 ? null : giveUpAfterMs,
      },
    },
    settle: {
      settleMs: seconds(values, "settle", isRun ? 10 : 2) * 1000,
      incompleteAfterMs: seconds(values, "incomplete-after", isRun ? 600 : 60) * 1000,
    },
  };
}

function runFrom(values: Values, settle: SettleSettings, { recorders = [], limits }: LocalFile): RunSettings {
  const folders = Array.isArray(values.watch) ? values.watch.map((folder) => resolve(String(folder))) : [];
  for (const out of recorders.map((recorder) => resolve(recorder.out)))
    if (!folders.some((folder) => `${out}/`.startsWith(`${folder}/`))) folders.push(out);
  if (folders.length === 0) throw usage("run needs --watch DIR.");
  const parallel = Number(text(values, "parallel") ?? "1");
  if (!Number.isInteger(parallel) || parallel < 1 || parallel > 8)
    throw usage("--parallel must be a whole number from 1 to 8.");
  const include = text(values, "include")
    ?.split(",")
    .map((ending) => ending.trim().replace(/^\./, "").toLowerCase());
  return {
    folders,
    recorders,
    extensions: new Set(include?.filter((ending) => ending !== "") ?? recordingExtensions),
    settle,
    segmentLists: Array.isArray(values["segment-list"])
      ? values["segment-list"].map((list) => resolve(String(list)))
      : [],
    sidecarWaitMs: seconds(values, "sidecar-wait", 1) * 1000,
    rescanMs: positive("rescan", seconds(values, "rescan", 30)) * 1000,
    vanishedAfterMs: 600_000,
    keepRecordsMs: (limits?.keepRecordsDays ?? 30) * 86_400_000,
  };
}

function enqueueFrom(values: Values, files: string[]): EnqueueSettings {
  if (files.length === 0) throw usage("enqueue needs at least one FILE.");
  return {
    files,
    isJson: values.json === true,
    isEvent: values.event === true,
    tags: Array.isArray(values.tag) ? values.tag.map(String) : [],
    source: text(values, "source") ?? null,
    capturedFrom: text(values, "captured-from") ?? null,
    capturedUntil: text(values, "captured-until") ?? null,
  };
}

// What was given on the command line decides over the archive; the same from the local file does not.
function fieldFrom(given: Values, values: Values, local: LocalFile, environment: Environment): FieldSettings {
  const address = text(values, "metrics");
  const rate =
    given["limit-rate"] === undefined ? {} : { "transfer.rateBytesPerSecond": bytes(given, "limit-rate", 0, 1000) };
  return {
    uploaderVersion: packageJson.version,
    metrics: address === undefined ? null : parseMetricsAddress(address, values["metrics-anywhere"] === true),
    service: serviceEnvironmentOf(environment, process.pid),
    sources: {
      flags: { ...settingsOf(given), ...rate },
      limits: local.limits ?? {},
      local: local.settings ?? {},
    },
  };
}

function verifyFrom(values: Values, positionals: string[], environment: Environment): VerifyReceiptSettings {
  const [receipt, ...others] = positionals;
  if (receipt === undefined) throw usage("verify-receipt needs the RECEIPT, a file.");
  refusePositionals(others);
  const jwks = text(values, "jwks");
  if (jwks !== undefined && text(values, "server") !== undefined) throw usage("Give --jwks or --server, not both.");
  const keys = jwks ?? `${serverFrom(values, environment)}${keySetPath}`;
  return { receipt, file: text(values, "file") ?? null, keys, isJson: values.json === true };
}

function deletionFrom(values: Values): boolean {
  if (values["delete-after-seal"] === true && values["no-wait"] === true)
    throw usage("--delete-after-seal needs the seal; leave out --no-wait.");
  return values["delete-after-seal"] === true;
}

function isServerNamed(values: Values, environment: Environment): boolean {
  return text(values, "server") !== undefined || (environment.STRONGROOM_SERVER ?? "") !== "";
}

function serverFrom(values: Values, environment: Environment): string {
  const given = text(values, "server") ?? environment.STRONGROOM_SERVER;
  if (given === undefined || given === "")
    throw usage("No archive is named: give --server https://archive.example or set STRONGROOM_SERVER.");
  let url: URL;
  try {
    url = new URL(given);
  } catch {
    throw usage(`--server must be an address such as https://archive.example, not ${given}.`);
  }
  if (url.protocol !== "https:" && url.protocol !== "http:")
    throw usage("--server must begin with https:// or http://.");
  if (url.username !== "" || url.password !== "") throw usage("--server must not hold a user name or password.");
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

// Null: no token is named, and the identity of the device stands in for one.
function tokenFrom(values: Values, environment: Environment, isEnrolled: boolean): (() => Promise<string>) | null {
  const direct = text(values, "token");
  const file = text(values, "token-file");
  if (direct !== undefined && file !== undefined) throw usage("Give --token or --token-file, not both.");
  const fixed = direct ?? (file === undefined ? environment.STRONGROOM_TOKEN : undefined);
  if (fixed !== undefined && fixed !== "") {
    const token = checkedToken(fixed, "The token");
    return async () => token;
  }
  const path = file ?? environment.STRONGROOM_TOKEN_FILE;
  if ((path === undefined || path === "") && isEnrolled) return null;
  if (path === undefined || path === "")
    throw usage(
      "No token: enrol this device with strongroom-uploader enrol, or set STRONGROOM_TOKEN, or give --token-file FILE.",
    );
  return async () => {
    const content = await readFile(path, "utf8").catch((error: unknown) => {
      throw new Problem("authentication", `The token cannot be read from ${path}: ${messageOf(error)}.`, {
        cause: error,
      });
    });
    return checkedToken(content, `What is in ${path}`);
  };
}

// Anything else than visible ASCII would break the header that it goes into.
function checkedToken(given: string, what: string): string {
  const token = given.trim();
  if (/^[\x21-\x7e]{1,500}$/.test(token)) return token;
  throw usage(`${what} is no device token; one begins with ${deviceTokenPrefix}.`);
}

function stateFolderFrom(values: Values, environment: Environment): string {
  const given = text(values, "state-dir") ?? environment.STRONGROOM_STATE_DIR;
  if (given !== undefined && given !== "") return resolve(given);
  // systemd sets this for a unit with StateDirectory=.
  const systemd = environment.STATE_DIRECTORY?.split(":")[0];
  if (systemd !== undefined && systemd !== "") return systemd;
  return join(environment.XDG_STATE_HOME || join(homedir(), ".local", "state"), "strongroom-uploader");
}

function captureFrom(values: Values, chunkSizeBytes: number): CaptureSettings {
  const capture = new Map<"source" | "alias" | "place" | "captured_from" | "captured_until" | "metadata", string>();
  for (const key of ["source", "alias", "place", "captured_from", "captured_until", "metadata"] as const) {
    const value = text(values, key.replaceAll("_", "-"));
    if (value !== undefined) capture.set(key, value);
  }
  try {
    // Only to find out now what the archive would refuse later.
    const container = {
      mediaType: "video/mp4",
      isComplete: true,
      missing: null,
      damage: null,
      createdAt: null,
      durationMs: null,
    };
    metadataHeaderFor({ path: "recording.mp4", sha256: null, chunkSizeBytes }, container, capture);
  } catch (error) {
    if (!(error instanceof MetadataError)) throw error;
    throw usage(error.message.replace(/^Upload-Metadata: (\S+)/, (_, key) => `--${String(key).replaceAll("_", "-")}`));
  }
  return capture;
}

function text(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === "string" ? value : undefined;
}

function seconds(values: Values, name: string, fallback: number): number {
  const given = text(values, name);
  const value = given === undefined ? fallback : Number(given);
  if (given?.trim() === "" || !Number.isFinite(value) || value < 0 || value > 10_000_000)
    throw usage(`--${name} must be a number of seconds, such as 30.`);
  return value;
}

function positive(name: string, value: number): number {
  if (value <= 0) throw usage(`--${name} must be more than 0.`);
  return value;
}

/** Reads 400000, 400k or 8M; k and M are powers of `base`. */
function bytes(values: Values, name: string, fallback: number, base: number): number {
  const given = text(values, name);
  if (given === undefined) return fallback;
  const match = /^(\d{1,12})([kKmM]?)$/.exec(given.trim());
  const factor = match?.[2] === "" ? 1 : match?.[2]?.toLowerCase() === "k" ? base : base * base;
  const value = match === null ? 0 : Number(match[1]) * factor;
  if (value < 1000) throw usage(`--${name} must be a number of bytes of at least 1000, such as 250k or 8M.`);
  return value;
}

function refusePositionals(positionals: readonly string[]): void {
  if (positionals.length > 0) throw usage(`${positionals[0]} is not expected here.`);
}

function usage(message: string): Problem {
  return new Problem("usage", message);
}
