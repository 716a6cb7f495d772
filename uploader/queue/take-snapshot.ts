import { type DaemonSnapshot, emptySnapshot, type NextFile, type SendingFile } from "../daemon-snapshot.ts";
import type { DeletionView } from "../deletion/deletion.ts";
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
  deletion: () => DeletionView | null;
  recorders: () => RecorderStatus[];
  alarms: () => string[];
};

/** What the daemon says of itself now. */
export function takeSnapshot(parts: SnapshotParts): DaemonSnapshot {
  const { world, scheduler, intake, board } = parts;
  const snapshot = emptySnapshot(world.archive.server, parts.folders);
  const sending: SendingFile[] = [];
  const queue = scheduler.tallies();
  const oldest = scheduler.oldest();
  const unreceiptedBytes = Object.values(queue)
    .flatMap((phases) => Object.values(phases))
    .reduce((sum, { bytes }) => sum + bytes, 0);
  for (const job of scheduler.inWork())
    if (job.stage === "described")
      sending.push({ file: job.path, class: job.class, sizeBytes: job.sizeBytes, ...board.of(job.path) });
  const { sealed, refused, quarantined, gone } = world.store.tally();
  const { sentBytes, resentBytes, retries, stalls, resumes, tombstones, deleted } = world.figures;
  const space = parts.space();
  return {
    ...snapshot,
    queue,
    startedAt: parts.startedAt,
    upForMs: Math.round(performance.now() - parts.startedAtMs),
    lastScanAt: intake.lastScanAt,
    unfinished: intake.unfinished(),
    ended: { sealed, refused, quarantined, gone },
    oldest: oldest === null ? null : oldestOf(oldest, world),
    sending,
    next: scheduler.upcoming(maxNext).map((job) => nextOf(job, world)),
    waiting: waitingNow(parts, sending),
    counters: { sentBytes, resentBytes, retries, stalls, resumes, tombstones, deleted },
    chain: world.chain?.head ?? null,
    unsentStatements: world.chain?.unsent.length ?? 0,
    disk: space === null ? null : { ...space, unreceiptedBytes },
    deletion: parts.deletion(),
    lastReceipt: world.figures.lastReceipt,
    lastError: world.figures.lastError,
    recorders: parts.recorders(),
    alarms: parts.alarms(),
  };
}

// By the time that the uploader has run since: what it holds may be of any year, and no clock is asked.
function oldestOf({ path, orderMs, foundAtRunMs }: Job, { store }: World): DaemonSnapshot["oldest"] {
  const ageMs = Math.max(0, Math.round(store.runMs - foundAtRunMs));
  return { file: path, modifiedAt: new Date(orderMs).toISOString(), ageMs };
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
