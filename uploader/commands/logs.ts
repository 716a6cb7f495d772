import { writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { exitCodes } from "../exit-codes.ts";
import { readLog } from "../log/log-ring.ts";
import { redact } from "../log/redact.ts";
import { tarOf } from "../log/tar.ts";
import { sleep } from "../patience.ts";
import { Interrupted, messageOf, Problem } from "../problems.ts";

/** What `logs` is asked for. */
export type LogsSettings = {
  stateFolder: string;
  isJson: boolean;
  /** How many of the newest lines. */
  lines: number;
  follows: boolean;
};

const followEveryMs = 500;

/** Shows the log on this device's disk, with or without a daemon. */
export async function logs(
  settings: LogsSettings,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<number> {
  const show = (line: string) => write(`${settings.isJson ? line : inWords(line)}\n`);
  let last: string | undefined;
  const all = await readLog(settings.stateFolder);
  for (const line of all.slice(-settings.lines)) show(line);
  last = all.at(-1);
  while (settings.follows) {
    await sleep(followEveryMs, signal).catch((error: unknown) => {
      if (!(error instanceof Interrupted)) throw error;
    });
    if (signal.aborted) break;
    const now = await readLog(settings.stateFolder);
    // Every line has its monotonic time, so that no two are alike; a last one that is gone has fallen out of the ring.
    const known = last === undefined ? -1 : now.lastIndexOf(last);
    for (const line of now.slice(known + 1)) show(line);
    last = now.at(-1) ?? last;
  }
  return exitCodes.ok;
}

/**
 * Packs what somebody far away needs to help: the log and what the given commands say, without secrets.
 *
 * @param parts name of each file, and how its content is made; one that fails says so in its place
 */
export async function makeSupportBundle(
  path: string,
  stateFolder: string,
  parts: Readonly<Record<string, () => Promise<string>>>,
): Promise<void> {
  const files = [{ name: "log.jsonl", content: (await readLog(stateFolder)).map((line) => `${line}\n`).join("") }];
  for (const [name, make] of Object.entries(parts))
    files.push({ name, content: await make().catch((error: unknown) => `This part failed: ${messageOf(error)}\n`) });
  const clean = files.map(({ name, content }) => ({ name, content: redact(content) }));
  try {
    await writeFile(path, gzipSync(tarOf(clean, new Date())), { mode: 0o600 });
  } catch (error) {
    throw new Problem("file", `The bundle cannot be written to ${path}: ${messageOf(error)}.`);
  }
}

function inWords(line: string): string {
  try {
    const { at, level, event, monotonicMs: _, ...rest } = JSON.parse(line);
    const said = Object.entries(rest).flatMap(([name, value]) =>
      value === null
        ? []
        : [name === "message" || name === "problem" ? String(value) : `${name}=${JSON.stringify(value)}`],
    );
    return `${at} ${String(level).padEnd(7)} ${event} ${said.join(" ")}`;
  } catch {
    return line;
  }
}
