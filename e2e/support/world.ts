import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** People of the demonstration's company, by what they are in the tests. */
export const callers = ["admin", "officer", "officer2", "auditor", "police", "judge", "insurer"] as const;
export type Caller = (typeof callers)[number];

/** Ids that tests need, found through the archive's own API. */
export type KnownIds = {
  /** A sealed recording that nobody released. */
  recording: string;
  /** A recording whose digest is not what the device said. */
  quarantinedRecording: string;
  /** A recording of the judge's open release. */
  releasedRecording: string;
  /** The judge's open release, and the request it answers. */
  release: string;
  releasedRequest: string;
  /** The police's requests, by state. */
  submittedRequest: string;
  reviewRequest: string;
  approvedRequest: string;
  /** The insurer's request. */
  deniedRequest: string;
  device: string;
  /** A device that sends heartbeats. */
  fleetDevice: string;
  /** A device that has enrolled and that nobody has let in. */
  pendingDevice: string;
  site: string;
};

/** What the global set-up leaves for the tests. */
export type World = {
  url: string;
  dataDir: string;
  people: Record<Caller, { name: string; email: string; password: string; role: string }>;
  devices: { id: string; name: string; alias: string; token: string }[];
  ids: KnownIds;
};

const worldPath = join(import.meta.dirname, "../../test-results/world.json");

export const worldFile = worldPath;

/** The running archive that the global set-up made. */
export function readWorld(): World {
  return JSON.parse(readFileSync(worldPath, "utf8"));
}

/** A new folder of this run, as one on a device's disk: it goes with the archive's own. */
export function folderOnDevice(): string {
  return mkdtempSync(join(readWorld().dataDir, "device-"));
}

/** Path of the saved session of a caller, for `test.use({ storageState })`. */
export function sessionOf(caller: Caller): string {
  return join(import.meta.dirname, `../../test-results/sessions/${caller}.json`);
}
