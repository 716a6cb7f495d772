import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile, syncFolder } from "../state/durable-file.ts";

/** A time in which a source recorded nothing, on its way into the device's chain. */
export type Gap = {
  source: string;
  /** ISO 8601, by this device's clock. */
  from: string;
  until: string;
  reason: string;
};

const maxGaps = 10_000;

function folderIn(stateFolder: string): string {
  return join(stateFolder, "gaps");
}

/** Notes a gap durably, for the daemon to sign and send. */
export async function dropGap(stateFolder: string, gap: Gap): Promise<void> {
  const folder = folderIn(stateFolder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await syncFolder(stateFolder);
  // Names sort by time, as far as the clock can be trusted; gaps have their own times inside.
  const name = `${gap.until.replaceAll(/[^0-9TZ]/g, "")}-${randomBytes(6).toString("hex")}.json`;
  await replaceFile(join(folder, name), `${JSON.stringify(gap)}\n`, true);
  // Without a key nobody signs them; a source that comes and goes for years must not fill the disk.
  for (const oldest of (await readdir(folder)).sort().slice(0, -maxGaps))
    await rm(join(folder, oldest), { force: true });
}

/** Gaps that are noted and not sent yet, oldest first, each with the file to remove when it is. */
export async function readGaps(stateFolder: string): Promise<{ file: string; gap: Gap }[]> {
  const gaps: { file: string; gap: Gap }[] = [];
  const names = await readdir(folderIn(stateFolder)).catch(() => []);
  for (const name of names.filter((other) => other.endsWith(".json")).sort()) {
    const file = join(folderIn(stateFolder), name);
    const text = await readFile(file, "utf8").catch(() => null);
    const gap = text === null ? null : parseGap(text);
    if (gap !== null) gaps.push({ file, gap });
    // Written in one step and synced: what cannot be read was put there by somebody else.
    else if (text !== null) await rm(file, { force: true });
  }
  return gaps;
}

function parseGap(text: string): Gap | null {
  try {
    const { source, from, until, reason } = JSON.parse(text);
    const isGap = [source, from, until, reason].every((value) => typeof value === "string");
    return isGap ? { source, from, until, reason } : null;
  } catch {
    return null;
  }
}
