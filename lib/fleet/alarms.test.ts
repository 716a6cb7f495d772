import { describe, expect, test } from "vitest";
import { fakeClock } from "../testing/fake-clock.ts";
import { type AlarmFacts, alarmsOf, isSilent, keyDueAt, shouldRotate } from "./alarms.ts";
import { inWords } from "./in-words.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;
const clock = fakeClock();
const start = clock.now();
const ago = (ms: number) => new Date(start.getTime() - ms);

const gap = { first: 2, last: 4, missing: 3 };
const healthy: AlarmFacts = {
  state: "active",
  lastContactAt: start,
  heartbeatAt: start,
  silentAfterSeconds: 600,
  keepFreeBytes: null,
  cloneSuspectedAt: null,
  forks: null,
  gaps: [],
  clock: { source: "ntp", offsetMs: 120 },
  queue: { files: 2, bytes: 9, events: 0, oldestAt: ago(minuteMs) },
  disk: { totalBytes: 100, freeBytes: 50, unreceiptedBytes: 9 },
  config: { version: 3, applied: 3, problem: null },
  key: { kid: "k", createdAt: ago(dayMs), dueAt: keyDueAt(ago(dayMs), 365) },
};
const kinds = (change: Partial<AlarmFacts>, now = start) =>
  alarmsOf({ ...healthy, ...change }, now).map(({ kind }) => kind);
const sentence = (change: Partial<AlarmFacts>) => alarmsOf({ ...healthy, ...change }, start)[0]?.sentence;

describe("alarms of a device", () => {
  test("there is none of one that is well, nor of one that is revoked", () => {
    expect(alarmsOf(healthy, start)).toEqual([]);
    expect(kinds({ state: "revoked", cloneSuspectedAt: start, forks: { count: 1, lastAt: start } })).toEqual([]);
  });

  test("silence begins when the policy says, to the second", () => {
    const own = fakeClock();
    own.advance(600_000);
    expect(isSilent(healthy, own.now())).toBe(false);
    own.advance(1);
    expect(isSilent(healthy, own.now())).toBe(true);
    expect(alarmsOf(healthy, own.now())).toEqual([
      { kind: "silent", weight: "urgent", sentence: "Silent for 10 min; its policy says 10 min.", since: start },
    ]);
    own.advance(120 * minuteMs);
    expect(alarmsOf(healthy, own.now())[0]?.sentence).toBe("Silent for 2 h 10 min; its policy says 10 min.");
  });

  test("only an active device that sends heartbeats can be silent; any request of it is contact", () => {
    const silent = { lastContactAt: ago(dayMs), heartbeatAt: ago(dayMs) };
    expect(kinds(silent)).toEqual(["silent"]);
    expect(kinds({ ...silent, state: "suspended" })).toEqual([]);
    expect(kinds({ ...silent, heartbeatAt: null })).toEqual([]);
    expect(kinds({ ...silent, lastContactAt: start })).toEqual([]);
  });

  test.each([
    [{ cloneSuspectedAt: start }, "clone", "Two machines seem to act as this device."],
    [
      { forks: { count: 1, lastAt: start } },
      "chain_fork",
      "It signed 1 number that contradicts what it signed before.",
    ],
    [{ gaps: [{ ...gap, since: start }] }, "chain_gap", "3 numbers of its chain are missing without a word why."],
    [{ disk: { totalBytes: 100, freeBytes: 4, unreceiptedBytes: 90 } }, "disk_nearly_full", "Its disk has 4% left."],
    [
      { config: { version: 3, applied: 2, problem: "no such interface" } },
      "config_refused",
      "It keeps its earlier configuration and refuses version 3: no such interface",
    ],
    [{ clock: { source: "none", offsetMs: -1.7e12 } }, "clock_off", "Its clock is 19675 d 22 h behind."],
    [
      { queue: { files: 1, bytes: 1, events: 0, oldestAt: ago(25 * 60 * minuteMs) } },
      "queue_old",
      "Its oldest file waits for 1 d 1 h.",
    ],
    [
      { key: { kid: "k", createdAt: ago(364 * dayMs), dueAt: keyDueAt(ago(364 * dayMs), 365) } },
      "key_old",
      "Its key should be replaced within 1 d.",
    ],
  ] satisfies [Partial<AlarmFacts>, string, string][])("%j", (change, kind, words) => {
    expect(kinds(change)).toEqual([kind]);
    expect(sentence(change)).toBe(words);
  });

  test("a disk that its policy keeps nearly full is an alarm once half of what should be free is gone", () => {
    const disk = (freeBytes: number) => ({ totalBytes: 1000, freeBytes, unreceiptedBytes: 0 });
    expect(kinds({ keepFreeBytes: 20, disk: disk(20) })).toEqual([]);
    expect(kinds({ keepFreeBytes: 20, disk: disk(9) })).toEqual(["disk_nearly_full"]);
    expect(kinds({ keepFreeBytes: 500, disk: disk(49) })).toEqual(["disk_nearly_full"]);
    expect(kinds({ keepFreeBytes: 500, disk: disk(50) })).toEqual([]);
  });

  test("what is at its limit is no alarm yet", () => {
    expect(kinds({ disk: { totalBytes: 100, freeBytes: 5, unreceiptedBytes: 0 } })).toEqual([]);
    expect(kinds({ disk: { totalBytes: 0, freeBytes: 0, unreceiptedBytes: 0 } })).toEqual([]);
    expect(kinds({ clock: { source: "ntp", offsetMs: 30_000 } })).toEqual([]);
    expect(kinds({ queue: { files: 1, bytes: 1, events: 0, oldestAt: ago(dayMs) } })).toEqual([]);
    expect(kinds({ forks: { count: 1, lastAt: ago(31 * dayMs) } })).toEqual([]);
    expect(kinds({ clock: null, queue: null, disk: null, key: null })).toEqual([]);
  });

  test("numbers that its queue can still bring are not missed yet", () => {
    const waiting = (files: number) => ({ files, bytes: files, events: 0, oldestAt: start });
    const gaps = [{ ...gap, since: ago(dayMs) }];
    expect(kinds({ gaps, queue: waiting(3) })).toEqual([]);
    expect(kinds({ gaps, queue: waiting(2) })).toEqual(["chain_gap"]);
    expect(kinds({ gaps, queue: null })).toEqual(["chain_gap"]);
    const old = [{ ...gap, since: ago(7 * dayMs) }];
    expect(kinds({ gaps: old, queue: waiting(3) })).toEqual(["chain_gap"]);
  });

  test("each gap has its own age: one that is overdue says nothing of one that may still be filled", () => {
    const old = { first: 2, last: 4, missing: 2, since: ago(8 * dayMs) };
    const fresh = { first: 7, last: 9, missing: 3, since: ago(dayMs) };
    const queue = (files: number) => ({ files, bytes: files, events: 0, oldestAt: start });
    const alarm = (files: number) => alarmsOf({ ...healthy, gaps: [old, fresh], queue: queue(files) }, start)[0];
    expect(alarm(3)).toMatchObject({ sentence: expect.stringMatching(/^2 numbers/), since: old.since });
    expect(alarm(2)).toMatchObject({ sentence: expect.stringMatching(/^5 numbers/), since: old.since });
    expect(alarmsOf({ ...healthy, gaps: [fresh], queue: queue(2) }, start)).toMatchObject([{ since: fresh.since }]);
  });

  test("a key is asked for before it is complained about", () => {
    const createdAt = ago(0);
    const at = (days: number) => new Date(start.getTime() + days * dayMs);
    expect(shouldRotate(createdAt, 365, at(334))).toBe(false);
    expect(shouldRotate(createdAt, 365, at(335))).toBe(true);
    expect(shouldRotate(createdAt, 10, at(8.9))).toBe(false);
    expect(shouldRotate(createdAt, 10, at(9))).toBe(true);
    expect(shouldRotate(createdAt, null, at(9999))).toBe(false);
    const key = { kid: "k", createdAt, dueAt: keyDueAt(createdAt, 365) };
    const heard = (days: number) => ({ key, lastContactAt: at(days), heartbeatAt: at(days) });
    expect(kinds({ ...heard(340), queue: null }, at(340))).toEqual([]);
    expect(kinds({ ...heard(356), queue: null }, at(356))).toEqual(["key_old"]);
  });
});

test("lengths of time are said in two units", () => {
  expect([0, 59_400, 60_000, 3_600_000, 90_061_000, 172_800_000].map(inWords)).toEqual([
    "0 s",
    "59 s",
    "1 min",
    "1 h",
    "1 d 1 h",
    "2 d",
  ]);
});
