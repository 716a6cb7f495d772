import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "./state/durable-file.ts";

/** What the daemon says of itself for `status`; only true while its process lives. */
export type DaemonSnapshot = {
  folders: string[];
  queued: number;
  /** Files that are not finished yet; a hundred at most. */
  waiting: { file: string; reason: string }[];
  /** ISO 8601, by this device's clock. */
  lastScanAt: string;
};

function pathIn(folder: string): string {
  return join(folder, "daemon.json");
}

/** Leaves a snapshot in the state folder. */
export function writeSnapshot(folder: string, snapshot: DaemonSnapshot): Promise<void> {
  return replaceFile(pathIn(folder), `${JSON.stringify(snapshot)}\n`, false);
}

/** The last snapshot; null when there is none that can be read. */
export async function readSnapshot(folder: string): Promise<DaemonSnapshot | null> {
  try {
    const value: unknown = JSON.parse(await readFile(pathIn(folder), "utf8"));
    // Written whole by rename and by us alone; of another shape only after a change of version.
    const isSnapshot = typeof value === "object" && value !== null && "waiting" in value && "lastScanAt" in value;
    return isSnapshot ? (value as DaemonSnapshot) : null;
  } catch {
    return null;
  }
}
