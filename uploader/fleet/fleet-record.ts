import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "../state/durable-file.ts";

/** What the daemon knows of its contact with the archive, for `status`, `doctor` and updates. */
export type FleetRecord = {
  uploaderVersion: string;
  /** Random for each start of the daemon. */
  process: string;
  /** Of the daemon; ISO 8601 by this device's clock, as all times here. */
  startedAt: string;
  /** Null: not since the daemon started. */
  lastContactAt: string | null;
  /** Heartbeats without an answer since the last one with one. */
  failures: number;
  problem: string | null;
  clock: { source: string; offsetMs: number | null; uncertaintyMs: number | null };
  configVersion: number | null;
  configProblem: string | null;
  isConfigOnTrial: boolean;
};

const recordName = "fleet.json";
/** Holds the version of the last uploader that reached the archive from here; the guard of updates reads it. */
const contactName = "contact-version";

/** Leaves the record in the state folder; losing it with the power costs nothing. */
export function writeFleetRecord(stateFolder: string, record: FleetRecord): Promise<void> {
  return replaceFile(join(stateFolder, recordName), `${JSON.stringify(record)}\n`, false);
}

/** The last record; null when there is none that can be read. */
export async function readFleetRecord(stateFolder: string): Promise<FleetRecord | null> {
  try {
    const value: unknown = JSON.parse(await readFile(join(stateFolder, recordName), "utf8"));
    // Written whole by rename and by us alone.
    const isRecord = typeof value === "object" && value !== null && "process" in value && "clock" in value;
    return isRecord ? (value as FleetRecord) : null;
  } catch {
    return null;
  }
}

/** Says durably that this version has reached the archive. */
export function writeContactVersion(stateFolder: string, version: string): Promise<void> {
  return replaceFile(join(stateFolder, contactName), `${version}\n`, true);
}
