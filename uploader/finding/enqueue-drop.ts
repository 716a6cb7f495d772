import { randomBytes } from "node:crypto";
import { lstat, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { z } from "zod";
import { Problem } from "../problems.ts";
import { type CaptureHints, noHints } from "../sidecars/index.ts";
import { readMetadataSidecar } from "../sidecars/metadata.ts";
import { replaceFile, syncFolder } from "../state/durable-file.ts";

/** A recorder's word that a recording is finished, kept in the state folder until the queue has written it down. */
export type EnqueueDrop = {
  file: string;
  path: string;
  hints: CaptureHints;
  /** When it was left, by the kernel's clock: a recording that changed later is not proven by it. */
  droppedMs: number;
};

const maxDropBytes = 64 * 1024;
const schema = z.looseObject({ path: z.string().min(1).max(4096) });

function folderIn(stateFolder: string): string {
  return join(stateFolder, "enqueued");
}

/**
 * Leaves a durable word that the file at this path is finished. It counts whether or not a daemon runs.
 *
 * @param said path, and what a metadata sidecar may say: source, tags, event, capturedFrom and so on
 * @throws Problem "usage" that says what is wrong with it
 */
export async function dropEnqueue(stateFolder: string, said: Record<string, unknown>): Promise<void> {
  const text = JSON.stringify(said);
  const read = readDrop(text);
  if (typeof read === "string") throw new Problem("usage", `This cannot be enqueued: ${read}.`);
  const folder = folderIn(stateFolder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await replaceFile(join(folder, `${randomBytes(12).toString("hex")}.json`), `${text}\n`, true);
  await syncFolder(stateFolder);
}

/** Every drop that can be read; one that cannot is removed and told. */
export async function readDrops(stateFolder: string, onBad: (problem: string) => void): Promise<EnqueueDrop[]> {
  const drops: EnqueueDrop[] = [];
  const folder = folderIn(stateFolder);
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith(".json")) continue;
    const file = join(folder, name);
    const text = await readFile(file, "utf8").catch(() => null);
    const stats = await lstat(file).catch(() => null);
    if (text === null || stats === null) continue;
    const read = readDrop(text);
    if (typeof read !== "string") drops.push({ file, droppedMs: stats.ctimeMs, ...read });
    else {
      onBad(`What was enqueued in ${file} cannot be read and is removed: ${read}.`);
      await rm(file, { force: true });
    }
  }
  return drops;
}

function readDrop(text: string): Pick<EnqueueDrop, "path" | "hints"> | string {
  if (text.length > maxDropBytes) return `it has more than ${maxDropBytes} characters`;
  const hints = readMetadataSidecar(text);
  if (typeof hints === "string") return hints;
  const { data } = schema.safeParse(JSON.parse(text));
  if (data === undefined || !isAbsolute(data.path)) return "path must be an absolute path";
  // Whether it is whole is for the container to say, not for whoever calls.
  return { path: data.path, hints: { ...noHints, ...hints, incomplete: null } };
}
