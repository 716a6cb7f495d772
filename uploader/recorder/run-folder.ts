import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, readlink, rm } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile, syncFolder } from "../state/durable-file.ts";
import type { RecorderSettings } from "./settings.ts";

/** Where one ffmpeg writes, until what it wrote is moved into place. */
export type RunFolder = {
  folder: string;
  /** Boot and run, so that no clock step and no restart ever makes the same name twice. */
  id: string;
  /** When a file that is replayed began to be; null: the stream's clock is observed. */
  zeroMs: number | null;
};

/** Hidden in the output folder, so that it lies on the same disk and nobody takes files out of it. */
export function runsFolder(settings: RecorderSettings): string {
  return join(settings.out, ".recording", settings.name);
}

/** Makes the folder for one run. */
export async function makeRunFolder(settings: RecorderSettings, zeroMs: number | null): Promise<RunFolder> {
  const id = `${await bootId()}-${randomBytes(3).toString("hex")}`;
  const folder = join(runsFolder(settings), id);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await replaceFile(join(folder, "run.json"), `${JSON.stringify({ version: 1, id, zeroMs })}\n`, true);
  await syncFolder(runsFolder(settings));
  return { folder, id, zeroMs };
}

/** Folders that earlier runs left, oldest first as far as their names tell. */
export async function leftRunFolders(settings: RecorderSettings): Promise<RunFolder[]> {
  const left: RunFolder[] = [];
  for (const name of (await readdir(runsFolder(settings)).catch(() => [])).sort()) {
    const folder = join(runsFolder(settings), name);
    const text = await readFile(join(folder, "run.json"), "utf8").catch(() => "{}");
    left.push({ folder, id: name, zeroMs: zeroIn(text) });
  }
  return left;
}

/** Takes an emptied folder away; one that still holds something stays. */
export async function removeRunFolder({ folder }: RunFolder): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  if (names.some((name) => name !== "run.json" && name !== "list.csv")) return;
  await rm(folder, { recursive: true, force: true });
}

/** Ends what still writes into a folder whose recorder was killed: by its working folder, no other process is meant. */
export async function endOrphans({ folder }: RunFolder, graceMs: number): Promise<void> {
  for (const signal of ["SIGINT", "SIGKILL"] as const) {
    let orphans = await processesIn(folder);
    for (const pid of orphans) trySignal(pid, signal);
    const untilMs = performance.now() + graceMs;
    while (orphans.length > 0 && performance.now() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      orphans = await processesIn(folder);
    }
    if (orphans.length === 0) return;
  }
}

async function processesIn(folder: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc").catch(() => [])) {
    if (!/^\d+$/.test(name)) continue;
    const cwd = await readlink(`/proc/${name}/cwd`).catch(() => null);
    if (cwd === folder) found.push(Number(name));
  }
  return found;
}

function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has just ended.
  }
}

function zeroIn(text: string): number | null {
  try {
    const { zeroMs } = JSON.parse(text);
    return typeof zeroMs === "number" ? zeroMs : null;
  } catch {
    return null;
  }
}

async function bootId(): Promise<string> {
  const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => randomBytes(16).toString("hex"));
  return createHash("sha256").update(boot).digest("hex").slice(0, 8);
}
