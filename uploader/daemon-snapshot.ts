import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { DeletionView } from "./deletion/deletion.ts";
import type { RecorderStatus } from "./recorder/events.ts";
import { replaceFile } from "./state/durable-file.ts";

/** In what order files go: what the archive asked for, then events, then everything else. */
export type FileClass = "wanted" | "event" | "bulk";

/** Files and their bytes. */
export type Tally = { files: number; bytes: number };

/** Where a file stands that is not sealed yet. */
export type QueuePhase = "found" | "described" | "sending" | "delivered";

/** Why nothing, or not everything, is sent now. */
export type Waiting = {
  /** A word of the protocol's list of reasons. */
  reason: string;
  /** For people. */
  detail: string;
  /** For how many milliseconds from now on; null: nobody knows. */
  untilMs: number | null;
};

/** A file on its way to the archive. */
export type SendingFile = {
  file: string;
  class: FileClass;
  sizeBytes: number;
  acknowledgedBytes: number;
  bytesPerSecond: number;
  secondsLeft: number | null;
};

/** A file whose turn comes. */
export type NextFile = {
  file: string;
  class: FileClass;
  sizeBytes: number;
  /** Null until it was read. */
  sha256: string | null;
  /** ISO 8601; null: not known. */
  capturedFrom: string | null;
  /** Why it does not go now; null: it only waits for its turn. */
  waiting: Waiting | null;
};

/** What the daemon says of itself for `status`, heartbeats and metrics; only true while its process lives. */
export type DaemonSnapshot = {
  version: 2;
  /** ISO 8601, by this device's clock, as all times here. */
  at: string;
  startedAt: string;
  /** By the monotonic clock. */
  upForMs: number;
  server: string;
  folders: string[];
  lastScanAt: string | null;
  /** Files that are not finished yet; a hundred at most. */
  unfinished: { file: string; reason: string }[];
  queue: Record<FileClass, Record<QueuePhase, Tally>>;
  /** Sealed, and what the archive would not have, of all that is remembered. */
  ended: Record<"sealed" | "refused" | "quarantined" | "gone", Tally>;
  /** The file that was found first of those that are not sealed; `ageMs` is since then, in running time. */
  oldest: { file: string; modifiedAt: string; ageMs: number | null } | null;
  sending: SendingFile[];
  /** At most 50. */
  next: NextFile[];
  waiting: Waiting | null;
  counters: {
    sentBytes: number;
    resentBytes: number;
    /** By cause. */
    retries: Record<string, number>;
    stalls: number;
    resumes: number;
    tombstones: number;
    deleted: number;
  };
  /** The last link of the device's chain; null: it signs none, or none yet. */
  chain: { sequence: number; sha256: string } | null;
  /** Statements that the archive has not acknowledged yet. */
  unsentStatements: number;
  disk: { totalBytes: number; freeBytes: number; unreceiptedBytes: number } | null;
  /** What is kept here and would be deleted next; null: nobody has looked yet. */
  deletion: DeletionView | null;
  lastReceipt: { recording: string; file: string; at: string } | null;
  lastError: { code: string; message: string; at: string } | null;
  recorders: RecorderStatus[];
  /** What a person must mend, such as a state folder that takes no more; empty: nothing. */
  alarms: string[];
};

/** A snapshot of a daemon that has done nothing yet. */
export function emptySnapshot(server: string, folders: string[]): DaemonSnapshot {
  const none = (): Tally => ({ files: 0, bytes: 0 });
  const phases = () => ({ found: none(), described: none(), sending: none(), delivered: none() });
  const now = new Date().toISOString();
  return {
    version: 2,
    at: now,
    startedAt: now,
    upForMs: 0,
    server,
    folders,
    lastScanAt: null,
    unfinished: [],
    queue: { wanted: phases(), event: phases(), bulk: phases() },
    ended: { sealed: none(), refused: none(), quarantined: none(), gone: none() },
    oldest: null,
    sending: [],
    next: [],
    waiting: null,
    counters: { sentBytes: 0, resentBytes: 0, retries: {}, stalls: 0, resumes: 0, tombstones: 0, deleted: 0 },
    chain: null,
    unsentStatements: 0,
    disk: null,
    deletion: null,
    lastReceipt: null,
    lastError: null,
    recorders: [],
    alarms: [],
  };
}

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
    const isSnapshot = typeof value === "object" && value !== null && "version" in value && value.version === 2;
    return isSnapshot ? (value as DaemonSnapshot) : null;
  } catch {
    return null;
  }
}
