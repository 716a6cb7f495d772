import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { clusterDir } from "./cluster.ts";
import type { Home } from "./home.ts";
import { hasCode } from "./postgres-error.ts";
import { binaryOf, programEnvironment } from "./program.ts";

/** `durable` for everything that is kept; `fast` gives durability up and is for tests alone. */
export type Tuning = "durable" | "fast";

/** A postmaster as its own file describes it. */
export type Postmaster = { pid: number; port: number; isReady: boolean };

/** A postmaster that we started; `log` is what it wrote, once it has ended. */
export type Spawned = { log: string | undefined };

const settings: Record<Tuning, string[]> = {
  durable: ["fsync=on", "synchronous_commit=on", "full_page_writes=on", "shared_buffers=256MB", "max_wal_size=2GB"],
  fast: ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=128MB"],
};

const common = ["unix_socket_directories=", "max_connections=300", "jit=off", "random_page_cost=1.1", "timezone=UTC"];

const largestLogBytes = 10 * 1024 * 1024;

/** Reads the cluster's postmaster.pid; null when no postmaster runs. */
export function findPostmaster(home: Home): Postmaster | null {
  const path = join(clusterDir(home), "postmaster.pid");
  const content = readIfThere(path);
  if (content === null) return null;
  // Lines: pid, directory, start time, port, socket directory, listen address, shared memory, status.
  const lines = content.split("\n");
  const pid = Number(lines[0]);
  if (!isAlive(pid)) return null; // PostgreSQL replaces a dead one's file itself
  if (isPostgres(pid)) return { pid, port: Number(lines[3] ?? 0), isReady: lines[7]?.trim() === "ready" };
  // After a restart of the machine the number may be any program's, which PostgreSQL would respect for ever.
  if (readIfThere(path) === content) rmSync(path, { force: true });
  return null;
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH")) return null;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !hasCode(error, "ESRCH");
  }
}

function isPostgres(pid: number): boolean {
  return process.platform !== "linux" || (readIfThere(`/proc/${pid}/cmdline`) ?? "").includes("postgres");
}

/**
 * Starts a postmaster on a free port of the loopback address, in a session of its own, so that a Ctrl-C meant for
 * us does not stop it under our feet.
 */
export async function spawnPostmaster(home: Home, tuning: Tuning): Promise<Spawned> {
  const logPath = join(home.dir, "postgres.log");
  const port = await freePort();
  const options = [...common, ...settings[tuning], "listen_addresses=127.0.0.1", `port=${port}`];
  const log = openSync(logPath, sizeOf(logPath) > largestLogBytes ? "w" : "a", 0o600);
  const logStart = sizeOf(logPath);
  try {
    const args = ["-D", clusterDir(home), ...options.flatMap((option) => ["-c", option])];
    const child = spawn(binaryOf(home.program, "postgres"), args, {
      ...home.runAs,
      cwd: home.dir,
      detached: true,
      stdio: ["ignore", log, log],
      env: programEnvironment,
    });
    const spawned: Spawned = { log: undefined };
    child.once("error", (error) => {
      spawned.log = `FATAL: ${error.message}`;
    });
    child.once("exit", () => {
      spawned.log = Buffer.from(readIfThere(logPath) ?? "")
        .subarray(logStart)
        .toString();
    });
    child.unref();
    return spawned;
  } finally {
    closeSync(log);
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** A port that is free now. Should someone take it first, PostgreSQL says so and the next try takes another. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
