import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type RunningPostgres, startPostgres } from "./index.ts";

let dataDir: string;
let open: RunningPostgres[];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "strongroom postgres "));
  open = [];
});
afterEach(async () => {
  for (const running of open) await running.stop();
  const pointer = join(dataDir, "postgres-home");
  if (existsSync(pointer)) rmSync(readFileSync(pointer, "utf8").trim(), { recursive: true, force: true });
  rmSync(dataDir, { recursive: true, force: true });
});

function homeDir(): string {
  const pointer = join(dataDir, "postgres-home");
  return existsSync(pointer) ? readFileSync(pointer, "utf8").trim() : join(dataDir, "postgres");
}

async function start(): Promise<RunningPostgres> {
  const running = await startPostgres(dataDir, "fast");
  open.push(running);
  return running;
}

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query({ text: sql, rowMode: "array" });
    return rows[0]?.[0];
  } finally {
    await client.end();
  }
}

/** Another process that starts the same PostgreSQL and then does nothing. */
async function startElsewhere(): Promise<{ child: ChildProcess; url: string }> {
  const script = `import { startPostgres } from ${JSON.stringify(join(import.meta.dirname, "index.ts"))};
    const { url, stop } = await startPostgres(${JSON.stringify(dataDir)}, "fast");
    process.once("SIGTERM", () => stop().then(() => process.exit(0)));
    setInterval(() => undefined, 1000);
    console.log(url);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [url] = (await once(createInterface(child.stdout), "line")) as [string];
  return { child, url };
}

test("makes a cluster once, with a password, on loopback, and keeps what is in it", async () => {
  const first = await start();
  expect(new URL(first.url).hostname).toBe("127.0.0.1");
  await ask(first.url, "CREATE TABLE kept AS SELECT 7 AS n");
  await ask(first.url, "CREATE EXTENSION pg_trgm");
  await expect(ask(first.url.replace(/:[^:@/]+@/, ":wrong@"), "SELECT 1")).rejects.toThrow("password");
  expect(statSync(join(dataDir, "secrets", "database-password")).mode & 0o777).toBe(0o600);
  await first.stop();
  await expect(ask(first.url, "SELECT 1")).rejects.toThrow("ECONNREFUSED");

  const again = await start();
  expect(await ask(again.url, "SELECT n FROM kept")).toBe(7);
});

test("is durable unless it is told not to be", async () => {
  const running = await startPostgres(dataDir);
  open.push(running);
  for (const name of ["fsync", "synchronous_commit", "full_page_writes"]) {
    expect(await ask(running.url, `SHOW ${name}`)).toBe("on");
  }
});

test("serves several processes that start at once, and stops with the last", async () => {
  const [one, two, here] = await Promise.all([startElsewhere(), startElsewhere(), start()]);
  expect(new Set([one.url, two.url, here.url]).size).toBe(1);
  for (const { child } of [one, two]) {
    child.kill("SIGTERM");
    await once(child, "exit");
    expect(await ask(here.url, "SELECT 1")).toBe(1);
  }
  await here.stop();
  await expect(ask(here.url, "SELECT 1")).rejects.toThrow("ECONNREFUSED");
});

test("outlives a process that is killed, and is found by the next", async () => {
  const { child, url } = await startElsewhere();
  await ask(url, "CREATE TABLE kept (n int)");
  child.kill("SIGKILL");
  await once(child, "exit");
  const running = await start();
  expect(running.url).toBe(url);
  expect(await ask(running.url, "SELECT count(*) FROM kept")).toBe("0");
});

test("loses nothing that was committed when PostgreSQL itself is killed", async () => {
  const { url } = await startPostgres(dataDir, "durable");
  await ask(url, "CREATE TABLE kept (n int)");
  const pid = Number(readFileSync(join(homeDir(), "cluster", "postmaster.pid"), "utf8").split("\n")[0]);
  process.kill(pid, "SIGKILL");
  const running = await start();
  expect(await ask(running.url, "SELECT count(*) FROM kept")).toBe("0");
});

test("says why it cannot start: another major version, a broken cluster", async () => {
  await (await start()).stop();
  const version = join(homeDir(), "cluster", "PG_VERSION");
  writeFileSync(version, "15\n");
  await expect(start()).rejects.toThrow(/made by PostgreSQL 15 and this Strongroom carries 18: restore a backup/);
  writeFileSync(version, "18\n");
  rmSync(join(homeDir(), "cluster", "global", "pg_control"));
  await expect(start()).rejects.toThrow(/PostgreSQL does not start: .*pg_control/);
});
