import { basename } from "node:path";
import { type Heartbeat, maxHeartbeatBytes, waitReasons } from "../../lib/protocol/index.ts";
import type { DaemonSnapshot, Tally } from "../daemon-snapshot.ts";
import type { ClockView } from "../identity/archive-clock.ts";
import type { DeviceFacts } from "./device-facts.ts";

/** What a heartbeat tells beside the snapshot. */
export type HeartbeatParts = {
  uploaderVersion: string;
  /** Random for each start. */
  process: string;
  facts: DeviceFacts;
  clock: ClockView;
  link: { interface: string | null; isMetered: boolean | null };
  configVersion: number | null;
  configProblem: string | null;
  wantedResults: NonNullable<Heartbeat["wantedResults"]>;
};

const maxSending = 8;
const maxNext = 50;

/** Puts a heartbeat together; it always fits into what an archive takes. */
export function buildHeartbeat(snapshot: DaemonSnapshot, parts: HeartbeatParts): Heartbeat {
  const { facts, clock } = parts;
  const { files, bytes } = sumOf(Object.values(snapshot.queue).flatMap((phases) => Object.values(phases)));
  const heartbeat: Heartbeat = {
    version: 1,
    instance: { bootId: facts.bootId, process: parts.process },
    uploader: { version: parts.uploaderVersion, runtime: facts.runtime, platform: facts.platform },
    sentAt: new Date().toISOString(),
    monotonicMs: Math.round(performance.now()),
    clock: { source: facts.clockSource, offsetMs: clock.offsetMs },
    configVersion: parts.configVersion,
    configProblem: parts.configProblem,
    chain: snapshot.chain,
    queue: {
      files,
      bytes,
      events: sumOf(Object.values(snapshot.queue.event)).files,
      oldestAt: snapshot.oldest?.modifiedAt ?? null,
      oldestAgeMs: snapshot.oldest?.ageMs ?? null,
    },
    sending: snapshot.sending.slice(0, maxSending).map((sending) => ({
      fileName: basename(sending.file),
      sizeBytes: sending.sizeBytes,
      acknowledgedBytes: sending.acknowledgedBytes,
      bytesPerSecond: Math.max(0, sending.bytesPerSecond),
      class: sending.class,
    })),
    next: snapshot.next.slice(0, maxNext).map((next) => ({
      fileName: basename(next.file),
      sha256: next.sha256,
      sizeBytes: next.sizeBytes,
      class: next.class,
      capturedFrom: next.capturedFrom,
    })),
    waiting: waitingOf(snapshot),
    link: { isMetered: parts.link.isMetered, interface: parts.link.interface },
    counters: pickCounters(snapshot),
    temperatureC: facts.temperatureC,
    lastError: snapshot.lastError,
    wantedResults: parts.wantedResults,
    recorders: snapshot.recorders.slice(0, 32).map(({ name, state, lastGapAt }) => ({ name, state, lastGapAt })),
    ...(snapshot.disk === null ? {} : { disk: snapshot.disk }),
  };
  // The least of it goes first: what comes next in the queue is a convenience, that the device lives is not.
  while (Buffer.byteLength(JSON.stringify(heartbeat)) > maxHeartbeatBytes && (heartbeat.next?.length ?? 0) > 0)
    heartbeat.next = heartbeat.next?.slice(0, Math.floor(heartbeat.next.length / 2));
  return heartbeat;
}

function waitingOf({ waiting }: DaemonSnapshot): Heartbeat["waiting"] {
  const reason = waitReasons.find((known) => known === waiting?.reason);
  return waiting === null || reason === undefined ? null : { reason, detail: waiting.detail, untilMs: waiting.untilMs };
}

function pickCounters({ counters }: DaemonSnapshot): NonNullable<Heartbeat["counters"]> {
  const { sentBytes, resentBytes, stalls, resumes, tombstones } = counters;
  const retries = Object.fromEntries(Object.entries(counters.retries).slice(0, 32));
  return { sentBytes, resentBytes, retries, stalls, resumes, tombstones };
}

function sumOf(tallies: readonly Tally[]): Tally {
  return tallies.reduce((sum, { files, bytes }) => ({ files: sum.files + files, bytes: sum.bytes + bytes }), {
    files: 0,
    bytes: 0,
  });
}
