import { basename } from "node:path";
import type { DaemonSnapshot } from "../daemon-snapshot.ts";
import type { RecorderStatus } from "../recorder/events.ts";
import { durationInWords, percentInWords, sizeInWords } from "../report/words.ts";
import type { FilePhase, FileRecord } from "../state/file-record.ts";
import type { StatusReport } from "./read-status.ts";

const words: Record<FilePhase, string> = {
  described: "waiting to be sent",
  sending: "being sent",
  delivered: "delivered, not sealed yet",
  sealed: "sealed",
  quarantined: "quarantined",
  refused: "refused",
  gone: "will not come, as a signed statement says",
};

const reasons: Record<string, string> = {
  offline: "no link",
  captive_portal: "the network wants somebody to sign in",
  server: "the archive",
  token: "the token",
};

/** The report as lines for people. */
export function statusLines(report: StatusReport, problems: readonly string[]): string[] {
  const { daemon, counts, files } = report;
  const line = (name: string, text: string) => `${name.padEnd(10)} ${text}`;
  const inWork = new Set((daemon?.sending ?? []).map(({ file }) => file));
  const waiting = [
    ...files.filter(({ file }) => !inWork.has(file)).map(fileInWords),
    ...(daemon?.unfinished ?? []).map(({ file, reason }) => `   --       --  ${basename(file)}: ${reason}`),
  ];
  return [
    line("uploader", `${report.version}, state in ${report.stateFolder}`),
    line("device", deviceInWords(report)),
    line("daemon", daemonInWords(report)),
    line("contact", contactInWords(report)),
    line("queue", queueInWords(report)),
    ...(daemon?.sending ?? []).map((sending) => line("sending", sendingInWords(sending))),
    ...(daemon?.waiting == null || daemon.waiting.reason === "nothing"
      ? []
      : [line("waiting", waitingInWords(daemon.waiting))]),
    line(
      "receipt",
      report.lastReceipt === null
        ? "none yet"
        : `${report.lastReceipt.recording}, ${agoInWords(report.lastReceipt.at, report.at)}`,
    ),
    line("clock", clockInWords(report)),
    ...(report.disk === null ? [] : [line("disk", diskInWords(report.disk))]),
    ...(daemon?.deletion == null ? [] : [line("deletion", deletionInWords(daemon.deletion))]),
    line("settings", configInWords(report)),
    ...(daemon?.recorders ?? []).map((recorder) => line("recorder", recorderInWords(recorder))),
    ...(daemon?.lastError == null
      ? []
      : [line("last error", `${daemon.lastError.message} (${agoInWords(daemon.lastError.at, report.at)})`)]),
    ...problems.map((problem) => line("ALARM", problem)),
    `${counts.sealed} sealed${report.forgotten === 0 ? "" : ` and ${report.forgotten} before them`}${counts.gone === 0 ? "" : `, ${counts.gone} given up`}${waiting.length === 0 ? "" : "; without a receipt:"}`,
    ...waiting,
  ];
}

function recorderInWords({ name, state, problem, recordings, incomplete, gaps, lastGapAt }: RecorderStatus): string {
  const flagged = incomplete === 0 ? "" : `, ${incomplete} of them may lack their end`;
  const missed = lastGapAt === null ? "" : `, ${gaps} gaps, the last until ${lastGapAt}`;
  const why = problem === null ? "" : ` (${problem})`;
  return `${name}: ${state}${why}, ${recordings} recordings${flagged}${missed}`;
}

/** The report in one line, for a log. */
export function statusSummary(report: StatusReport, problems: readonly string[]): string {
  const { daemon } = report;
  const rate = (daemon?.sending ?? []).reduce((sum, { bytesPerSecond }) => sum + bytesPerSecond, 0);
  const now =
    daemon === null
      ? "no daemon runs"
      : (daemon.sending ?? []).length > 0
        ? `sending ${(daemon.sending ?? []).map(({ file, acknowledgedBytes, sizeBytes }) => `${basename(file)} ${percentInWords(acknowledgedBytes, sizeBytes)}`).join(", ")} at ${sizeInWords(rate)}/s`
        : daemon.waiting == null || daemon.waiting.reason === "nothing"
          ? "nothing to send"
          : `waiting: ${waitingInWords(daemon.waiting)}`;
  return [queueInWords(report), now, ...problems.map((problem) => `ALARM ${problem}`)].join("; ");
}

function deviceInWords({ identity, daemon }: StatusReport): string {
  if (identity === null)
    return `not enrolled; a plain token is used${daemon?.server === undefined ? "" : ` at ${daemon.server}`}, with which sidecars stay here`;
  if (identity.problem !== null) return identity.problem;
  const state = identity.state === "active" ? "" : `, ${identity.state}`;
  return `${identity.name} (${identity.device}${state}) at ${identity.server}, key ${identity.kid}`;
}

function daemonInWords({ daemon }: StatusReport): string {
  if (daemon === null) return "no daemon runs";
  const up = daemon.upForMs === undefined ? "" : `, up ${durationInWords(daemon.upForMs / 1000)}`;
  const folders = daemon.folders === undefined ? "" : `, watching ${daemon.folders.join(", ")}`;
  return `daemon runs as process ${daemon.pid}${up}${folders}`;
}

function contactInWords({ contact, at }: StatusReport): string {
  if (contact === null) return "no heartbeat was sent from here yet";
  const { lastContactAt, failures, problem } = contact;
  const last = lastContactAt === null ? "none since the daemon started" : agoInWords(lastContactAt, at);
  return failures === 0 ? last : `${last}; ${failures} heartbeats without an answer: ${problem ?? ""}`;
}

function queueInWords({ queue, daemon }: StatusReport): string {
  if (queue.files === 0) return "empty";
  const classes = Object.entries(daemon?.queue ?? {}).flatMap(([name, phases]) => {
    const files = Object.values(phases).reduce((sum, tally) => sum + tally.files, 0);
    const word = name === "bulk" ? (files === 1 ? "other" : "others") : name === "event" && files > 1 ? "events" : name;
    return files === 0 ? [] : [`${files} ${word}`];
  });
  const oldest = queue.oldestAgeMs === null ? "" : `, the oldest for ${durationInWords(queue.oldestAgeMs / 1000)}`;
  const size = queue.bytes === 0 ? "" : `, ${sizeInWords(queue.bytes)}`;
  return `${queue.files} ${queue.files === 1 ? "recording" : "recordings"}${size}${classes.length === 0 ? "" : ` (${classes.join(", ")})`}${oldest}`;
}

function sendingInWords(sending: DaemonSnapshot["sending"][number]): string {
  const { file, sizeBytes, acknowledgedBytes, bytesPerSecond, secondsLeft } = sending;
  const left = secondsLeft === null ? "" : `, ${durationInWords(secondsLeft)} left`;
  const cls = sending.class === "bulk" ? "" : ` (${sending.class})`;
  return `${basename(file)}${cls}: ${percentInWords(acknowledgedBytes, sizeBytes)}, ${sizeInWords(acknowledgedBytes)} of ${sizeInWords(sizeBytes)}, ${sizeInWords(bytesPerSecond)}/s${left}`;
}

function waitingInWords({ reason, detail, untilMs }: NonNullable<DaemonSnapshot["waiting"]>): string {
  const again = untilMs === null ? "" : ` Again in ${durationInWords(untilMs / 1000)}.`;
  return `${reasons[reason] ?? reason}: ${detail}${again}`;
}

function clockInWords({ contact }: StatusReport): string {
  if (contact === null) return "not compared with the archive's yet";
  const { source, offsetMs, uncertaintyMs } = contact.clock;
  if (offsetMs === null) return `${source}; not compared with the archive's yet`;
  const off = Math.abs(offsetMs);
  if (off <= (uncertaintyMs ?? 0))
    return `${source}; within ${millisecondsInWords(uncertaintyMs ?? 0)} of the archive's`;
  const by = millisecondsInWords(off);
  return `${source}; ${by} ${offsetMs < 0 ? "behind" : "ahead of"} the archive's`;
}

function millisecondsInWords(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : durationInWords(ms / 1000);
}

function diskInWords({ totalBytes, freeBytes, unreceiptedBytes }: NonNullable<StatusReport["disk"]>): string {
  return `${sizeInWords(freeBytes)} of ${sizeInWords(totalBytes)} free; ${sizeInWords(unreceiptedBytes)} without a receipt`;
}

function deletionInWords({
  bytesHere,
  quotaBytes,
  keepFreeBytes,
  next,
}: NonNullable<DaemonSnapshot["deletion"]>): string {
  const most = quotaBytes === null ? "" : ` of at most ${sizeInWords(quotaBytes)}`;
  const free = keepFreeBytes === null ? "" : `, ${sizeInWords(keepFreeBytes)} to be kept free`;
  const files = next.map(({ file, class: fileClass }) => `${basename(file)}${fileClass === "bulk" ? "" : " (event)"}`);
  const first = files.length === 0 ? "nothing may go" : `next to go: ${files.join(", ")}`;
  return `${sizeInWords(bytesHere)} of recordings here${most}${free}; ${first}`;
}

function configInWords({ config }: StatusReport): string {
  const version =
    config.version === null
      ? "none of the archive's"
      : `version ${config.version} of the archive's${config.isOnTrial ? ", on trial" : ""}`;
  return config.problem === null ? version : `${version}; not taken: ${config.problem}`;
}

function fileInWords(record: FileRecord): string {
  const { sizeBytes } = record.identity;
  const percent = percentInWords(record.acknowledgedBytes, sizeBytes).padStart(5);
  const as = record.recording === null ? "" : ` as ${record.recording}`;
  const problem = record.problem === null ? "" : `. ${record.problem}`;
  const again = record.retryAt === null ? "" : ` Next attempt ${record.retryAt}.`;
  return `${percent}  ${sizeInWords(sizeBytes).padStart(7)}  ${basename(record.file)}: ${words[record.phase]}${as}${problem}${again}`;
}

/** Both by this device's clock; one that was set in between makes it nonsense, and 0 then. */
function agoInWords(then: string, now: string): string {
  return `${durationInWords(Math.max(0, Date.parse(now) - Date.parse(then)) / 1000)} ago`;
}
