import { durationInWords } from "../report/words.ts";
import type { StatusReport } from "./read-status.ts";

/** From when on `status --check` says that something is wrong. */
export type StatusLimits = {
  /** The oldest recording without a receipt; null: any age will do. */
  maxAgeSeconds: number | null;
  /** Recordings without a receipt; null: any number will do. */
  maxQueue: number | null;
  /** Without an answer to a heartbeat, while a daemon runs; null: any time will do. */
  maxSilenceSeconds: number | null;
  /** A daemon must run. */
  mustRun: boolean;
};

/** What stops everything until a person mends it. */
const gravest = new Set(["token", "pending", "suspended", "revoked", "disk", "clock"]);

/** What a monitoring system should know, one sentence each; empty: all is well. */
export function judgeStatus(report: StatusReport, limits: StatusLimits): string[] {
  const { daemon, counts, queue, identity, config, contact } = report;
  const found: string[] = [];
  if (counts.refused > 0) found.push(`${counts.refused} recordings were refused by the archive`);
  if (counts.quarantined > 0) found.push(`${counts.quarantined} recordings are quarantined`);
  if (limits.mustRun && daemon === null) found.push("no daemon runs");
  for (const alarm of daemon?.alarms ?? []) found.push(alarm);
  const { waiting } = daemon ?? {};
  if (waiting !== null && waiting !== undefined && gravest.has(waiting.reason)) found.push(waiting.detail);
  if (identity !== null && identity.problem !== null) found.push(identity.problem);
  if (config.problem !== null) found.push(`the archive's configuration does not hold: ${config.problem}`);
  const { maxAgeSeconds, maxQueue, maxSilenceSeconds } = limits;
  const ageSeconds = (queue.oldestAgeMs ?? 0) / 1000;
  if (maxAgeSeconds !== null && queue.files > 0 && ageSeconds > maxAgeSeconds)
    found.push(
      `the oldest recording has waited ${durationInWords(ageSeconds)}, longer than ${durationInWords(maxAgeSeconds)}`,
    );
  if (maxQueue !== null && queue.files > maxQueue) found.push(`${queue.files} recordings wait, more than ${maxQueue}`);
  if (maxSilenceSeconds !== null && daemon !== null) {
    const sinceMs = Date.parse(contact?.lastContactAt ?? contact?.startedAt ?? daemon.startedAt ?? report.at);
    const silentSeconds = (Date.parse(report.at) - sinceMs) / 1000;
    if (silentSeconds > maxSilenceSeconds)
      found.push(`the archive has not answered for ${durationInWords(silentSeconds)}`);
  }
  return found.map((sentence) => sentence.replace(/\.$/, ""));
}
