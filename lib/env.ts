import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import type { DeviceLimits } from "./devices/index.ts";
import { type ForwardingFields, type ProxyTrust, parseProxyTrust } from "./forwarding.ts";
import type { Limits } from "./limits.ts";
import { keepSecret } from "./secret-file.ts";

// The one place that reads process.env. `.env.example` lists every setting; lib/env.test.ts compares the two.

type Setting<T> = { schema: z.ZodType<T, string | undefined>; example: string; isSecret?: true };

const setting = <T>(example: string, schema: z.ZodType<T, string | undefined>): Setting<T> => ({ schema, example });

const text = (problem: string, test: (value: string) => boolean) => z.string().refine(test, problem);

function wholeNumber(fallback: number, min: number, max: number) {
  const problem = `is not a whole number from ${min} to ${max}`;
  return text(problem, (value) => /^\d{1,15}$/.test(value) && Number(value) >= min && Number(value) <= max)
    .transform(Number)
    .default(fallback);
}

function isUrl(value: string, protocols: string[]): boolean {
  return URL.canParse(value) && protocols.includes(new URL(value).protocol);
}

function isOrigin(value: string): boolean {
  return isUrl(value, ["http:", "https:"]) && new URL(value).href === `${new URL(value).origin}/`;
}

/** The members of a list with commas between them; none of an empty one. */
const members = (value: string) => value.split(",").map((member) => member.trim());

const noProxies: ProxyTrust = { hops: 0, ranges: null };

const settings = {
  NODE_ENV: setting("production", z.enum(["production", "development", "test"]).default("production")),
  DATABASE_URL: {
    ...setting(
      "postgresql://strongroom:password@127.0.0.1:5432/strongroom",
      text("is not a PostgreSQL address", (value) => isUrl(value, ["postgresql:", "postgres:"])).optional(),
    ),
    isSecret: true as const,
  },
  DATABASE_POOL_SIZE: setting("20", wholeNumber(20, 2, 500)),
  DATA_DIR: setting("./data", z.string().default("./data")),
  STORAGE_URL: setting(
    "file:./data/storage",
    text("is not a file: address; other storage is not supported yet", (value) => isUrl(value, ["file:"])).optional(),
  ),
  PUBLIC_URL: setting(
    "https://archive.example.org",
    text("is not an http or https address without a path", isOrigin).optional(),
  ),
  HOST: setting(
    "127.0.0.1",
    text("is not a host name or address", (value) => !/[\s/]/.test(value)).default("127.0.0.1"),
  ),
  PORT: setting("3000", wholeNumber(3000, 0, 65_535)),
  TRUSTED_PROXIES: setting(
    "127.0.0.1,::1",
    text(
      "is neither a number from 0 to 10 nor a list of addresses and networks",
      (value) => parseProxyTrust(value) !== null,
    )
      .transform((value) => parseProxyTrust(value) ?? noProxies)
      .default(noProxies),
  ),
  PROXY_FIELDS: setting("x-forwarded", z.enum(["x-forwarded", "forwarded"]).default("x-forwarded")),
  AUTH_SECRET: {
    ...setting(
      randomBytes(32).toString("base64url"),
      text("is shorter than 32 characters", (value) => value.length >= 32).optional(),
    ),
    isSecret: true as const,
  },
  UPLOAD_MAX_BYTES: setting("1099511627776", wholeNumber(2 ** 40, 1, 2 ** 48)),
  UPLOAD_IDLE_SECONDS: setting("120", wholeNumber(120, 1, 86_400)),
  UPLOAD_MIN_BYTES_PER_SECOND: setting("256", wholeNumber(256, 0, 2 ** 30)),
  UPLOAD_EXPIRES_DAYS: setting("30", wholeNumber(30, 1, 36_500)),
  STORAGE_RESERVE_BYTES: setting("1073741824", wholeNumber(2 ** 30, 0, 2 ** 48)),
  STORAGE_QUOTA_BYTES: setting("0", wholeNumber(0, 0, 2 ** 49)),
  DEVICE_OPEN_UPLOADS: setting("1000", wholeNumber(1_000, 1, 1_000_000)),
  CORS_ORIGINS: setting(
    "https://upload.example.org,https://lab.example.org",
    text("is not a list of http or https origins", (value) => members(value).every(isOrigin))
      .transform((value) => members(value).map((member) => new URL(member).origin))
      .default([]),
  ),
  DEVICE_REQUESTS_PER_SECOND: setting("200", wholeNumber(200, 0, 1_000_000)),
  DEVICE_TRANSFERS: setting("256", wholeNumber(256, 1, 100_000)),
  MAX_CONNECTIONS: setting("2000", wholeNumber(2_000, 10, 100_000)),
  MAX_CONNECTIONS_PER_ADDRESS: setting("500", wholeNumber(500, 1, 100_000)),
  STOP_GRACE_SECONDS: setting("15", wholeNumber(15, 1, 3_600)),
  METRICS_TOKEN: {
    ...setting(
      randomBytes(32).toString("base64url"),
      text("is shorter than 32 characters", (value) => value.length >= 32).optional(),
    ),
    isSecret: true as const,
  },
  LOG_LEVEL: setting("info", z.enum(["debug", "info", "warn", "error", "silent"]).default("info")),
} as const satisfies Record<string, Setting<unknown>>;

/** Names of all settings, in the order of `.env.example`. */
export const settingNames = Object.keys(settings);

type SettingName = keyof typeof settings;

/** The settings of one process. Paths are absolute, sizes in bytes, durations in milliseconds. */
export type Env = Readonly<{
  mode: "production" | "development" | "test";
  /** Null: the embedded PostgreSQL under `dataDir`. */
  databaseUrl: string | null;
  /** Connections this process may hold. */
  databasePoolSize: number;
  dataDir: string;
  /** Where evidence bytes are: a file: address of a directory. */
  storageUrl: URL;
  /** Origin under which people and devices reach this archive, without a slash at the end. */
  publicUrl: string;
  host: string;
  /** 0: any free port. */
  port: number;
  /** Proxies that are believed when they say where a request came from. */
  trustedProxies: ProxyTrust;
  /** The fields that those proxies write. */
  proxyFields: ForwardingFields;
  authSecret: string;
  uploadMaxBytes: number;
  /** A PATCH that brings no byte for this long is ended. */
  uploadIdleMs: number;
  /** A PATCH that brings less over a minute is ended; 0: none is. */
  uploadMinBytesPerSecond: number;
  /** An unfinished upload that brings nothing for this long is ended. */
  uploadExpiresMs: number;
  /** Origins whose scripts may call the upload endpoint. */
  corsOrigins: readonly string[];
  limits: Limits;
  deviceLimits: DeviceLimits;
  /** Connections of all clients that this process takes. */
  maxConnections: number;
  /** Connections of one address; behind a trusted proxy its requests at the same time. */
  maxConnectionsPerAddress: number;
  /** After SIGTERM the process is gone within this time. */
  stopGraceMs: number;
  /** What monitoring shows to read the metrics; null: only programs of this machine may. */
  metricsToken: string | null;
  logLevel: string;
}>;

/** Settings that cannot be used. The message has a line for each: name, problem, example. */
export class EnvError extends Error {
  override name = "EnvError";
}

/** The process's environment, with `.env` of the working directory below it (what is set wins over the file). */
function processEnvironment(): NodeJS.ProcessEnv {
  if (existsSync(".env")) process.loadEnvFile(".env");
  return process.env;
}

/**
 * Reads all settings, and makes the secrets that are not given and keeps them under DATA_DIR.
 *
 * @throws EnvError naming every bad setting, what is wrong with it and an example
 */
export function readEnv(source: NodeJS.ProcessEnv = processEnvironment()): Env {
  const problems: string[] = [];
  function read<N extends SettingName>(name: N): z.output<(typeof settings)[N]["schema"]> {
    const { schema, example, ...rest }: Setting<unknown> = settings[name];
    const value = source[name]?.trim() || undefined; // an empty setting is one that is not set
    const result = schema.safeParse(value);
    if (!result.success) {
      const problem = result.error.issues[0];
      const reason = problem?.code === "invalid_value" ? `is none of ${problem.values.join(", ")}` : problem?.message;
      problems.push(`${name}${rest.isSecret ? "" : `="${value}"`} ${reason}. Example: ${name}=${example}`);
    }
    return result.data as z.output<(typeof settings)[N]["schema"]>; // not used when a problem was noted
  }
  const values = {
    mode: read("NODE_ENV"),
    databaseUrl: read("DATABASE_URL") ?? null,
    databasePoolSize: read("DATABASE_POOL_SIZE"),
    dataDir: resolve(read("DATA_DIR") ?? ""),
    storageUrl: read("STORAGE_URL"),
    publicUrl: read("PUBLIC_URL"),
    host: read("HOST"),
    port: read("PORT"),
    trustedProxies: read("TRUSTED_PROXIES"),
    proxyFields: read("PROXY_FIELDS"),
    authSecret: read("AUTH_SECRET"),
    uploadMaxBytes: read("UPLOAD_MAX_BYTES"),
    uploadIdleMs: read("UPLOAD_IDLE_SECONDS") * 1000,
    uploadMinBytesPerSecond: read("UPLOAD_MIN_BYTES_PER_SECOND"),
    uploadExpiresMs: read("UPLOAD_EXPIRES_DAYS") * 86_400_000,
    limits: {
      reserveBytes: read("STORAGE_RESERVE_BYTES"),
      quotaBytes: read("STORAGE_QUOTA_BYTES") || null,
      deviceOpenUploads: read("DEVICE_OPEN_UPLOADS"),
    },
    corsOrigins: read("CORS_ORIGINS"),
    deviceLimits: { requestsPerSecond: read("DEVICE_REQUESTS_PER_SECOND"), transfers: read("DEVICE_TRANSFERS") },
    maxConnections: read("MAX_CONNECTIONS"),
    maxConnectionsPerAddress: read("MAX_CONNECTIONS_PER_ADDRESS"),
    stopGraceMs: read("STOP_GRACE_SECONDS") * 1000,
    metricsToken: read("METRICS_TOKEN") ?? null,
    logLevel: read("LOG_LEVEL"),
  };
  if (problems.length > 0) throw new EnvError(problems.join("\n"));
  return {
    ...values,
    storageUrl: storageUrl(values.storageUrl, values.dataDir),
    publicUrl: values.publicUrl === undefined ? `http://localhost:${values.port}` : new URL(values.publicUrl).origin,
    authSecret: values.authSecret ?? ownSecret(values.dataDir),
  };
}

/** A path after `file:` may be relative to the working directory, which URLs do not have. */
function storageUrl(given: string | undefined, dataDir: string): URL {
  if (given === undefined) return pathToFileURL(resolve(dataDir, "storage"));
  return given.startsWith("file://") ? new URL(given) : pathToFileURL(resolve(decodeURI(given.slice("file:".length))));
}

function ownSecret(dataDir: string): string {
  try {
    return keepSecret(dataDir, "auth-secret", () => randomBytes(32).toString("base64url"));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EnvError(`DATA_DIR="${dataDir}" cannot hold the archive's secrets: ${reason}. Example: DATA_DIR=./data`);
  }
}
