import type { DeviceState } from "../../generated/prisma/client.ts";
import { inWords } from "./in-words.ts";
import type { DeviceAlarm, FleetRow } from "./types.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Part of its disk below which a device may soon record nothing, unless its policy keeps less free. */
const freeShare = 0.05;
/** A clock that is further off makes times that mislead. */
const clockOffMs = 30_000;
/** What was recorded longer ago should be here. */
const queueOldMs = dayMs;
/** What is overtaken for longer than this is missed, whatever else its device has in its queue. */
const gapWaitMs = 7 * dayMs;
/**
 * Links of one device and kind that are looked at, the newest of those that something is missing before, or that
 * contradict: one that signs nonsense must not slow down the others. Gaps that were filled are passed over first.
 */
export const gapsLookedAt = 500;
/** A contradiction in signed numbers stays for ever; it is shown for so long. */
const forkShownMs = 30 * dayMs;
/** How long before the age that a policy gives a key the device is told, at most. */
const keyLeadMs = 30 * dayMs;

/** A stretch of numbers, of which some are missing since a higher one is here. */
export type ChainGap = { first: number; last: number; missing: number; since: Date };

/** What is known of one device, for its alarms. */
export type AlarmFacts = Pick<FleetRow, "clock" | "queue" | "disk" | "config" | "key"> & {
  state: DeviceState;
  lastContactAt: Date | null;
  /** Null: it sends none, and so cannot be silent. */
  heartbeatAt: Date | null;
  silentAfterSeconds: number;
  /** What its policy keeps free of its disk by deleting what has a receipt; null: it deletes for no room. */
  keepFreeBytes: number | null;
  cloneSuspectedAt: Date | null;
  /** Signed numbers that contradict others. */
  forks: { count: number; lastAt: Date } | null;
  /** Stretches of numbers that are neither here nor explained nor acknowledged. */
  gaps: readonly ChainGap[];
};

/** Whether a device that sends heartbeats was not heard for longer than its policy says. */
export function isSilent(facts: AlarmFacts, now: Date): boolean {
  const { state, heartbeatAt, lastContactAt, silentAfterSeconds } = facts;
  if (state !== "active" || heartbeatAt === null || lastContactAt === null) return false;
  return now.getTime() - lastContactAt.getTime() > silentAfterSeconds * 1000;
}

/** When the policy wants a key replaced; null: never. */
export function keyDueAt(createdAt: Date, keyMaxAgeDays: number | null): Date | null {
  return keyMaxAgeDays === null ? null : new Date(createdAt.getTime() + keyMaxAgeDays * dayMs);
}

/** Whether a device should make itself a new key: some time before its own is too old. */
export function shouldRotate(createdAt: Date, keyMaxAgeDays: number | null, now: Date): boolean {
  const dueAt = keyDueAt(createdAt, keyMaxAgeDays);
  return dueAt !== null && now.getTime() >= dueAt.getTime() - leadMs(createdAt, dueAt);
}

function leadMs(createdAt: Date, dueAt: Date): number {
  return Math.min(keyLeadMs, (dueAt.getTime() - createdAt.getTime()) / 10);
}

/** All that is wrong with a device at this moment, the worst first. Nothing of a device that is revoked. */
export function alarmsOf(facts: AlarmFacts, now: Date): DeviceAlarm[] {
  if (facts.state === "revoked") return [];
  const ofChain = [clone(facts), fork(facts, now)];
  if (facts.state !== "active") return [...ofChain, gap(facts, now)].filter((alarm) => alarm !== null);
  const others = [silence(facts, now), gap(facts, now), disk(facts), config(facts), clock(facts), queue(facts, now)];
  return [...ofChain, ...others, key(facts, now)].filter((alarm) => alarm !== null);
}

const plural = (count: number, one: string) => `${count} ${one}${count === 1 ? "" : "s"}`;

function clone({ cloneSuspectedAt }: AlarmFacts): DeviceAlarm | null {
  if (cloneSuspectedAt === null) return null;
  const sentence = "Two machines seem to act as this device.";
  return { kind: "clone", weight: "urgent", sentence, since: cloneSuspectedAt };
}

function fork({ forks }: AlarmFacts, now: Date): DeviceAlarm | null {
  if (forks === null || now.getTime() - forks.lastAt.getTime() > forkShownMs) return null;
  const sentence = `It signed ${plural(forks.count, "number")} that contradict${forks.count === 1 ? "s" : ""} what it signed before.`;
  return { kind: "chain_fork", weight: "urgent", sentence, since: forks.lastAt };
}

function silence(facts: AlarmFacts, now: Date): DeviceAlarm | null {
  if (!isSilent(facts, now) || facts.lastContactAt === null) return null;
  const silentMs = now.getTime() - facts.lastContactAt.getTime();
  const sentence = `Silent for ${inWords(silentMs)}; its policy says ${inWords(facts.silentAfterSeconds * 1000)}.`;
  return { kind: "silent", weight: "urgent", sentence, since: facts.lastContactAt };
}

// Events and files that were asked for overtake: for a while, as many numbers as there are files in its queue may
// still be coming. Not for ever, as only the device says how many files that are. Each gap has its own age, so that an
// old one, or one that is settled, hides no new one.
function gap({ gaps, queue: said }: AlarmFacts, now: Date): DeviceAlarm | null {
  const isOverdue = ({ since }: ChainGap) => now.getTime() - since.getTime() >= gapWaitMs;
  const mayCome = missingIn(gaps.filter((one) => !isOverdue(one))) <= (said?.files ?? 0);
  const missed = mayCome ? gaps.filter(isOverdue) : gaps;
  if (missed.length === 0) return null;
  const missing = missingIn(missed);
  const atLeast = gaps.length < gapsLookedAt ? "" : "At least ";
  const sentence = `${atLeast}${plural(missing, "number")} of its chain ${missing === 1 ? "is" : "are"} missing without a word why.`;
  const since = new Date(Math.min(...missed.map((one) => one.since.getTime())));
  return { kind: "chain_gap", weight: "warning", sentence, since };
}

/** How many numbers are missing in all of these. */
export function missingIn(gaps: readonly ChainGap[]): number {
  return gaps.reduce((sum, { missing }) => sum + missing, 0);
}

// A disk that its policy keeps nearly full is no trouble: an alarm that is always on is none.
function disk({ disk: said, keepFreeBytes }: AlarmFacts): DeviceAlarm | null {
  if (said === null || said.totalBytes === 0) return null;
  const leastBytes = Math.min(said.totalBytes * freeShare, (keepFreeBytes ?? Number.POSITIVE_INFINITY) / 2);
  if (said.freeBytes >= leastBytes) return null;
  const percent = Math.floor((said.freeBytes / said.totalBytes) * 100);
  return { kind: "disk_nearly_full", weight: "urgent", sentence: `Its disk has ${percent}% left.`, since: null };
}

function config({ config: said }: AlarmFacts): DeviceAlarm | null {
  if (said.problem === null) return null;
  const sentence = `It keeps its earlier configuration and refuses version ${said.version}: ${said.problem}`;
  return { kind: "config_refused", weight: "warning", sentence, since: null };
}

function clock({ clock: said }: AlarmFacts): DeviceAlarm | null {
  const offsetMs = said?.offsetMs ?? 0;
  if (Math.abs(offsetMs) <= clockOffMs) return null;
  const sentence = `Its clock is ${inWords(Math.abs(offsetMs))} ${offsetMs > 0 ? "ahead" : "behind"}.`;
  return { kind: "clock_off", weight: "warning", sentence, since: null };
}

function queue({ queue: said }: AlarmFacts, now: Date): DeviceAlarm | null {
  const oldestAt = said?.oldestAt ?? null;
  if (oldestAt === null || now.getTime() - oldestAt.getTime() <= queueOldMs) return null;
  const sentence = `Its oldest file waits for ${inWords(now.getTime() - oldestAt.getTime())}.`;
  return { kind: "queue_old", weight: "warning", sentence, since: oldestAt };
}

function key({ key: newest }: AlarmFacts, now: Date): DeviceAlarm | null {
  if (newest === null || newest.dueAt === null) return null;
  // It was told long before; one that could have replaced its key by itself has.
  const warnAt = new Date(newest.dueAt.getTime() - leadMs(newest.createdAt, newest.dueAt) / 3);
  if (now < warnAt) return null;
  const leftMs = newest.dueAt.getTime() - now.getTime();
  const sentence =
    leftMs > 0
      ? `Its key should be replaced within ${inWords(leftMs)}.`
      : `Its key is ${inWords(-leftMs)} older than its policy allows.`;
  return { kind: "key_old", weight: "warning", sentence, since: warnAt };
}
