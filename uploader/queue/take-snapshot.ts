import {
  type DaemonSnapshot,
  emptySnapshot,
  type NextFile,
  type QueuePhase,
  type SendingFile,
} from "../daemon-snapshot.ts";
import type { DiskSpace } from "../deletion/disk-space.ts";
import type { World } from "../delivery/world.ts";
import type { RecorderStatus } from "../recorder/events.ts";
import type { Waiting } from "../waiting.ts";
import type { Intake } from "./intake.ts";
import type { ProgressBoard } from "./progress-board.ts";
import type { Job, Scheduler } from "./scheduler.ts";

const maxNext = 50;

/** Where the snapshot's parts come from. */
export type SnapshotParts = {
  world: World;
  folders: string[];
  startedAt: string;
  startedAtMs: number;
  scheduler: Scheduler;
  intake: Intake;
  board: ProgressBoard;
  resting: () => Waiting | null;
  space: () => DiskSpace | null;
  recorders: () => RecorderStatus[];
  alarms: () => string[];
};

/** What the daemon says of itself now. */
export function takeSnapshot(parts: SnapshotParts): DaemonSnapshot {
  const { world, scheduler, intake, board } = parts;
  const snapshot = emptySnapshot(world.archive.server, parts.folders);
  const sending: SendingFile[] = [];
  let oldest: Job | null = null;
  let unreceiptedBytes = 0;
  for (const job of scheduler.jobs()) {
    const isSending = job.isInWork && job.stage === "described";
    const phase: QueuePhase = isSending ? "sending" : job.stage;
    const tally = snapshot.queue[job.class][phase];
    tally.files += 1;
    tally.bytes += job.sizeBytes;
    unreceiptedBytes += job.sizeBytes;
    if (oldest === null || job.orderMs < oldest.orderMs) oldest = job;
    if (isSending) sending.push({ file: job.path, class: job.class, sizeBytes: job.sizeBytes, ...board.of(job.path) });
  }
  const { sealed, refused, quarantined, gone } = world.store.tally();
  const { sentBytes, resentBytes, retries, stalls, resumes, tombstones, deleted } = world.figures;
  const space = parts.space();
  return {
    ...snapshot,
    startedAt: parts.startedAt,
    upForMs: Math.round(performance.now() - parts.startedAtMs),
    lastScanAt: intake.lastScanAt,
    unfinished: intake.unfinished(),
    ended: { sealed, refused, quarantined, gone },
    oldest: oldest === null ? null : oldestOf(oldest),
    sending,
    next: scheduler.upcoming(maxNext).map((job) => nextOf(job, world)),
    waiting: waitingNow(parts, sending),
    counters: { sentBytes, resentBytes, retries, stalls, resumes, tombstones, deleted },
    chain: world.chain?.head ?? null,
    unsentStatements: world.chain?.unsent.length ?? 0,
    disk: space === null ? null : { ...space, unreceiptedBytes },
    lastReceipt: world.figures.lastReceipt,
    lastError: world.figures.lastError,
    recorders: parts.recorders(),
    alarms: parts.alarms(),
  };
}

function oldestOf({ path, orderMs }: Job): DaemonSnapshot["oldest"] {
  const ageMs = Date.now() - orderMs;
  // With a clock that was set back, or never set, an age would be a guess.
  return { file: path, modifiedAt: new Date(orderMs).toISOString(), ageMs: ageMs >= 0 ? Math.round(ageMs) : null };
}

function nextOf(job: Job, world: World): NextFile {
  const restMs = job.notBeforeMs - performance.now();
  const resting: Waiting | null =
    restMs > 0 && job.failures > 0
      ? {
          reason: "server",
          detail: "It failed and rests, so that others have their turn.",
          untilMs: Math.round(restMs),
        }
      : null;
  return {
    file: job.path,
    class: job.class,
    sizeBytes: job.sizeBytes,
    sha256: null,
    capturedFrom: new Date(job.orderMs).toISOString(),
    waiting: world.traffic.whyNot(job.class) ?? resting,
  };
}

function waitingNow({ world, scheduler, resting }: SnapshotParts, sending: readonly SendingFile[]): Waiting | null {
  const rest = resting();
  if (rest !== null) return rest;
  // Nothing goes without a token, nor is a chain begun.
  const refused = world.tokens?.waiting ?? null;
  if (refused !== null) return refused;
  if (sending.some(({ bytesPerSecond }) => bytesPerSecond > 0)) return null;
  const [first] = scheduler.upcoming(1);
  if (first === undefined)
    return sending.length > 0 ? null : { reason: "nothing", detail: "Nothing is left to send.", untilMs: null };
  return world.traffic.whyNot(first.class);
}
