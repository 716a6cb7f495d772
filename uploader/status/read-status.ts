import { readdir, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { askDaemon } from "../control/control-socket.ts";
import { type DaemonSnapshot, readSnapshot } from "../daemon-snapshot.ts";
import { type FleetRecord, readFleetRecord } from "../fleet/fleet-record.ts";
import { loadIdentity } from "../identity/identity.ts";
import { messageOf } from "../problems.ts";
import { RemoteConfig } from "../settings/remote-config.ts";
import { type FilePhase, type FileRecord, filePhases } from "../state/file-record.ts";
import { StateView } from "../state/state-store.ts";

const socketTimeoutMs = 2000;
const unsealed: readonly FilePhase[] = ["described", "sending", "delivered"];

/** What is known of the uploader of a state folder, by its daemon where one runs, otherwise by what it left. */
export type StatusReport = {
  version: string;
  stateFolder: string;
  /** ISO 8601, by this device's clock, as all times here. */
  at: string;
  /** Null: none runs. */
  daemon: ({ pid: number } & Partial<DaemonSnapshot>) | null;
  identity:
    | { device: string; name: string; kid: string; server: string; state: string; problem: null }
    | { problem: string }
    | null;
  /** What the daemon knows of its contact with the archive, or knew when it ran. */
  contact: FleetRecord | null;
  config: { version: number | null; isOnTrial: boolean; problem: string | null };
  counts: Record<FilePhase, number>;
  /** Sealed recordings that are gone from this device and forgotten here. */
  forgotten: number;
  /** Recordings without a receipt. */
  queue: { files: number; bytes: number; oldestAgeMs: number | null };
  disk: { totalBytes: number; freeBytes: number; unreceiptedBytes: number } | null;
  lastReceipt: { recording: string; at: string } | null;
  files: FileRecord[];
};

/** Reads the state folder, and asks the daemon where one runs. Changes nothing. */
export async function readStatus(stateFolder: string, showsAll: boolean): Promise<StatusReport> {
  const store = await StateView.open(stateFolder);
  try {
    const pid = await store.daemonPid();
    const snapshot = pid === null ? null : await currentSnapshot(stateFolder);
    const files: FileRecord[] = [];
    let oldestAgeMs: number | null = null;
    for await (const record of store.all(
      showsAll ? undefined : filePhases.filter((phase) => phase !== "sealed" && phase !== "gone"),
    )) {
      files.push(record);
      if (unsealed.includes(record.phase))
        oldestAgeMs = Math.max(oldestAgeMs ?? 0, ageWithoutDaemon(record, store.runMs));
    }
    files.sort((a, b) => (a.updatedAt < b.updatedAt ? -1 : 1));
    const tally = store.tally();
    const { version, isOnTrial, problem } = await RemoteConfig.read(stateFolder);
    const queue = snapshot === null ? null : queueOf(snapshot);
    const known = sum(unsealed.map((phase) => tally[phase]));
    return {
      version: packageJson.version,
      stateFolder,
      at: new Date().toISOString(),
      daemon: pid === null ? null : { pid, ...snapshot },
      identity: await identityIn(stateFolder),
      contact: await readFleetRecord(stateFolder),
      config: { version, isOnTrial, problem },
      counts: Object.fromEntries(filePhases.map((phase) => [phase, tally[phase].files])) as Record<FilePhase, number>, // of every phase
      forgotten: store.forgotten,
      queue: {
        files: Math.max(known.files, queue?.files ?? 0),
        bytes: Math.max(known.bytes, queue?.bytes ?? 0),
        oldestAgeMs: snapshot === null ? oldestAgeMs : (snapshot.oldest?.ageMs ?? null),
      },
      disk: snapshot?.disk ?? (await diskOf(stateFolder, known.bytes)),
      lastReceipt: snapshot?.lastReceipt ?? (await newestReceipt(stateFolder)),
      files,
    };
  } finally {
    await store.close();
  }
}

// Since it was found, in running time; while nothing runs, since something was last done for it, by this device's clock.
function ageWithoutDaemon({ foundAtRunMs, updatedAt }: FileRecord, runMs: number): number {
  return Math.max(0, runMs - (foundAtRunMs ?? runMs), Date.now() - Date.parse(updatedAt));
}

// The socket tells what is now; the file what was a moment ago, also when this user may not use the socket.
async function currentSnapshot(stateFolder: string): Promise<DaemonSnapshot | null> {
  const answer = await askDaemon(stateFolder, { do: "status" }, socketTimeoutMs).catch(() => null);
  const isSnapshot = answer?.ok === true && typeof answer.snapshot === "object" && answer.snapshot !== null;
  return isSnapshot ? (answer.snapshot as DaemonSnapshot) : readSnapshot(stateFolder);
}

function queueOf({ queue }: DaemonSnapshot): { files: number; bytes: number } {
  return sum(Object.values(queue).flatMap((phases) => Object.values(phases)));
}

function sum(tallies: readonly { files: number; bytes: number }[]): { files: number; bytes: number } {
  return tallies.reduce((total, { files, bytes }) => ({ files: total.files + files, bytes: total.bytes + bytes }), {
    files: 0,
    bytes: 0,
  });
}

async function identityIn(stateFolder: string): Promise<StatusReport["identity"]> {
  try {
    const identity = await loadIdentity(stateFolder);
    if (identity === null) return null;
    const { device, name, kid, server, state } = identity;
    return { device, name, kid, server, state, problem: null };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

async function diskOf(folder: string, unreceiptedBytes: number): Promise<StatusReport["disk"]> {
  const disk = await statfs(folder).catch(() => null);
  if (disk === null) return null;
  return { totalBytes: disk.blocks * disk.bsize, freeBytes: disk.bavail * disk.bsize, unreceiptedBytes };
}

async function newestReceipt(stateFolder: string): Promise<StatusReport["lastReceipt"]> {
  const folder = join(stateFolder, "receipts");
  let newest: { name: string; ms: number } | null = null;
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith(".receipt.jws")) continue;
    const ms = (await stat(join(folder, name)).catch(() => null))?.mtimeMs;
    if (ms !== undefined && (newest === null || ms > newest.ms)) newest = { name, ms };
  }
  if (newest === null) return null;
  return { recording: newest.name.slice(0, -".receipt.jws".length), at: new Date(newest.ms).toISOString() };
}
