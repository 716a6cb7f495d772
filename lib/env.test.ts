import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EnvError, readEnv, settingNames } from "./env.ts";

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "strongroom env "));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const read = (source: Record<string, string>) => readEnv({ NODE_ENV: "test", DATA_DIR: dataDir, ...source });

describe("settings", () => {
  test("have defaults that work on one machine", () => {
    expect(read({})).toMatchObject({
      databaseUrl: null,
      databasePoolSize: 20,
      host: "127.0.0.1",
      port: 3000,
      publicUrl: "http://localhost:3000",
      trustedProxies: { hops: 0, ranges: null },
      proxyFields: "x-forwarded",
      uploadIdleMs: 120_000,
      uploadExpiresMs: 30 * 86_400_000,
      corsOrigins: [],
      logLevel: "info",
    });
    expect(read({}).storageUrl.href).toBe(`file://${encodeURI(dataDir)}/storage`);
  });

  test("make a secret once, for this user only", () => {
    const { authSecret } = read({});
    expect(authSecret).toHaveLength(43);
    expect(read({}).authSecret).toBe(authSecret);
    expect(statSync(join(dataDir, "secrets", "auth-secret")).mode & 0o777).toBe(0o600);
    expect(statSync(join(dataDir, "secrets")).mode & 0o777).toBe(0o700);
  });

  test("that are empty count as not set", () => {
    expect(read({ PORT: "", DATABASE_URL: " " })).toMatchObject({ port: 3000, databaseUrl: null });
  });

  test.each([
    ["PORT", "80x", 'PORT="80x" is not a whole number from 0 to 65535. Example: PORT=3000'],
    ["PORT", "70000", 'PORT="70000" is not a whole number'],
    [
      "DATABASE_URL",
      "mysql://user:hush@host/db",
      "DATABASE_URL is not a PostgreSQL address. Example: DATABASE_URL=postg",
    ],
    ["STORAGE_URL", "s3://bucket", 'STORAGE_URL="s3://bucket" is not a file: address'],
    ["PUBLIC_URL", "archive.example.org", 'PUBLIC_URL="archive.example.org" is not an http or https address'],
    ["PUBLIC_URL", "https://archive.example.org/app", "without a path"],
    ["AUTH_SECRET", "short", "AUTH_SECRET is shorter than 32 characters. Example: AUTH_SECRET="],
    [
      "CORS_ORIGINS",
      "*",
      'CORS_ORIGINS="*" is not a list of http or https origins. Example: CORS_ORIGINS=https://upload.',
    ],
    ["UPLOAD_EXPIRES_DAYS", "0", 'UPLOAD_EXPIRES_DAYS="0" is not a whole number from 1 to 36500'],
    ["CORS_ORIGINS", "https://a.example,https://b.example/path", "is not a list of http or https origins"],
    ["LOG_LEVEL", "loud", 'LOG_LEVEL="loud" is none of debug, info, warn, error, silent. Example: LOG_LEVEL=info'],
  ])("refuse %s=%s with name, problem and example", (name, value, message) => {
    expect(() => read({ [name]: value })).toThrow(message);
  });

  test("take a list of origins", () => {
    const origins = "https://a.example/, http://localhost:8080";
    expect(read({ CORS_ORIGINS: origins }).corsOrigins).toEqual(["https://a.example", "http://localhost:8080"]);
  });

  test("name every problem at once, and never show a secret", () => {
    const bad = () => read({ PORT: "x", AUTH_SECRET: "hush", DATABASE_URL: "mysql://u:hush@h/d" });
    expect(bad).toThrow(EnvError);
    expect(bad).toThrow(/^DATABASE_URL [^\n]+\nPORT="x" [^\n]+\nAUTH_SECRET [^\n]+$/);
    expect(bad).not.toThrow("hush");
  });

  test("take a storage path with spaces, relative or not", () => {
    expect(read({ STORAGE_URL: "file:./with space" }).storageUrl.pathname).toMatch(/^\/.*\/with%20space$/);
    expect(read({ STORAGE_URL: "file:///srv/evidence" }).storageUrl.pathname).toBe("/srv/evidence");
  });

  test("all stand in .env.example, and nothing else does", () => {
    const example = readFileSync(join(import.meta.dirname, "../.env.example"), "utf8");
    const listed = [...example.matchAll(/^# ([A-Z_]+)=/gm)].map((match) => match[1]);
    expect(listed.filter((name) => name !== "TEST_DATABASE_URL").sort()).toEqual([...settingNames].sort());
  });
});
