import { readFile } from "node:fs/promises";
import { uptime } from "node:os";
import { join } from "node:path";
import { replaceFile } from "../state/durable-file.ts";

/** Machines that got their power back together are spread over so long. */
const afterBootMs = 60_000;
const bootIsFreshSeconds = 300;
const otherwiseMs = 500;

/**
 * How long the daemon's first request waits. A fleet that powers up or is updated together must not call together; a
 * daemon that was only restarted goes on at once.
 */
export function startDelayMs(isFresh: boolean, random: () => number = Math.random): number {
  return random() * (isFresh ? afterBootMs : otherwiseMs);
}

/** True when many may start with this one: the machine has just booted, or this is another version than the last. */
export async function isFreshStart(
  stateFolder: string,
  version: string,
  uptimeSeconds: number = uptime(),
): Promise<boolean> {
  const path = join(stateFolder, "version");
  const last = await readFile(path, "utf8").catch(() => null);
  if (last !== version) await replaceFile(path, version, false).catch(() => undefined);
  return uptimeSeconds < bootIsFreshSeconds || (last !== null && last !== version);
}
