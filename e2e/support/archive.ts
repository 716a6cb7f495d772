import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const root = join(import.meta.dirname, "../..");

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("A TCP server has a port.");
  return address.port;
}

/** Settings of an archive of its own: an embedded database and storage in `dataDir`. */
export function archiveSettings(dataDir: string, port: number) {
  return {
    DATA_DIR: dataDir,
    PORT: String(port),
    DATABASE_URL: "",
    STORAGE_URL: "",
    LOG_LEVEL: "error",
    NODE_ENV: "production" as const,
  };
}

type Listening = { onLine?: (line: string) => void; errors?: "inherit" | "ignore" };

/** Runs a script of the repository as a process of its own; what it prints is read line by line. */
export function runScript(script: string, settings: NodeJS.ProcessEnv, { onLine, errors = "inherit" }: Listening = {}) {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", join(root, script)], {
    cwd: root,
    env: { ...process.env, ...settings },
    stdio: ["ignore", "pipe", errors],
  });
  createInterface({ input: child.stdout }).on("line", (line) => onLine?.(line));
  return child;
}

/** The exit code of a process, once it has ended. */
export async function ended(child: ChildProcess): Promise<number | null> {
  return child.exitCode ?? new Promise((resolve) => child.once("close", resolve));
}

/** A running archive, and what it printed. */
export type RunningArchive = { url: string; lines: string[]; stop(): Promise<void> };

/** Starts the built server on this folder, and waits until it answers. `ignore` its errors where a test makes them. */
export async function startArchive(
  dataDir: string,
  port: number,
  errors: "inherit" | "ignore" = "inherit",
): Promise<RunningArchive> {
  const lines: string[] = [];
  const url = `http://localhost:${port}`;
  const server = runScript("server/main.ts", archiveSettings(dataDir, port), {
    onLine: (line) => lines.push(line),
    errors,
  });
  const stop = async () => {
    server.kill("SIGTERM");
    await ended(server);
  };
  while (!(await fetch(`${url}/api/health/ready`).catch(() => null))?.ok) {
    if (server.exitCode !== null) throw new Error("The server ended before it was ready.");
    await sleep(100);
  }
  return { url, lines, stop };
}
