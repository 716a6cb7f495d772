import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FileClass } from "../../lib/protocol/index.ts";
import type { Waiting } from "../waiting.ts";
import { Classifier } from "./file-class.ts";
import { type Job, type Lane, Scheduler, type Stage } from "./scheduler.ts";
import { isWanted } from "./wanted-files.ts";

const never = new AbortController().signal;

describe("Scheduler", () => {
  let nowMs = 0;
  let held = new Map<FileClass, Waiting>();
  let scheduler = new Scheduler({ whyNot: () => null });

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    nowMs = 0;
    held = new Map();
    scheduler = new Scheduler({ whyNot: (fileClass) => held.get(fileClass) ?? null, monotonicMs: () => nowMs });
  });
  afterEach(() => {
    scheduler.close();
    vi.useRealTimers();
  });

  const offer = (path: string, orderMs: number, fileClass: FileClass = "bulk", stage: Stage = "described"): Job =>
    scheduler.offer({ path, class: fileClass, stage, sizeBytes: 1, orderMs, foundAtRunMs: 0, found: null });
  const take = async (lane: Lane) => (await scheduler.take(lane, never)).path;

  it("takes what was asked for, then events, then the oldest, or the newest", async () => {
    offer("new", 3);
    offer("old", 1);
    offer("event", 4, "event");
    offer("wanted", 5, "wanted");
    scheduler.parallel = 4;
    expect([await take("bulk"), await take("bulk")]).toEqual(["wanted", "event"]);
    for (const path of ["wanted", "event"]) scheduler.drop(path);
    scheduler.order = "newest";
    expect(await take("bulk")).toBe("new");
    scheduler.order = "oldest";
    offer("older", 0);
    expect(await take("bulk")).toBe("older");
  });

  it("holds bulk while something urgent goes, and lets it on as soon as that is over or rests", async () => {
    const bulk = offer("bulk", 1);
    expect(await take("bulk")).toBe("bulk");
    expect(scheduler.shouldYield(bulk)).toBe(false);
    const event = offer("event", 2, "event");
    expect(scheduler.shouldYield(bulk)).toBe(true);
    expect(scheduler.shouldYield(event)).toBe(false);
    expect(await take("control")).toBe("event");
    scheduler.putBack(bulk);
    const next = take("bulk");
    expect(scheduler.next("bulk")).toBeNull();
    event.isResting = true;
    scheduler.wake();
    expect(await next).toBe("bulk");
    event.isResting = false;
    expect(scheduler.shouldYield(bulk)).toBe(true);
    scheduler.putBack(event, { stage: "delivered" });
    expect(scheduler.shouldYield(bulk)).toBe(false);
  });

  it("lets no more bulk lanes work than are allowed, and keeps the control lane for what is urgent", async () => {
    for (let i = 0; i < 4; i++) offer(`bulk ${i}`, i);
    scheduler.parallel = 2;
    expect([await take("bulk"), await take("bulk")]).toEqual(["bulk 0", "bulk 1"]);
    expect(scheduler.next("bulk")).toBeNull();
    expect(scheduler.next("control")).toBeNull();
    scheduler.parallel = 3;
    expect(await take("bulk")).toBe("bulk 2");
    offer("event", 9, "event");
    expect(await take("control")).toBe("event");
  });

  it("stops a class that may not go, and wakes when it may", async () => {
    const bulk = offer("bulk", 1);
    held.set("bulk", { reason: "metered", detail: "", untilMs: null });
    expect(scheduler.shouldYield(bulk)).toBe(true);
    const waiting = take("bulk");
    offer("event", 2, "event");
    expect(await waiting).toBe("event");
    const next = take("bulk");
    held.clear();
    scheduler.drop("event");
    expect(await next).toBe("bulk");
  });

  it("gives others their turn while a file that failed rests", async () => {
    const poison = offer("poison", 1);
    offer("good", 2);
    expect(await take("bulk")).toBe("poison");
    scheduler.putBack(poison, {}, 60_000);
    expect(await take("bulk")).toBe("good");
    scheduler.drop("good");
    const next = take("bulk");
    nowMs = 59_999;
    await vi.advanceTimersByTimeAsync(59_999);
    expect(scheduler.get("poison")?.isInWork).toBe(false);
    nowMs = 60_000;
    await vi.advanceTimersByTimeAsync(1);
    expect(await next).toBe("poison");
  });

  it("moves a file from lane to lane, and never gives it to two", async () => {
    const job = offer("a", 1, "bulk", "found");
    expect(scheduler.next("bulk")).toBeNull();
    expect(await take("describe")).toBe("a");
    expect(scheduler.next("describe")).toBeNull();
    scheduler.putBack(job, { stage: "described" });
    expect(await take("bulk")).toBe("a");
    scheduler.putBack(job, { stage: "delivered" });
    expect(await take("confirm")).toBe("a");
  });

  it("ends a wait when it is told to", async () => {
    const stop = new AbortController();
    const waiting = scheduler.take("bulk", stop.signal);
    stop.abort();
    await expect(waiting).rejects.toThrow("interrupted");
    offer("a", 1);
    expect(scheduler.get("a")?.isInWork).toBe(false);
  });

  it("queues ten thousand files and takes the next of them without going through them again and again", async () => {
    for (let i = 0; i < 10_000; i++)
      scheduler.offer(
        {
          ...{ path: `/card/${i}.mp4`, class: "bulk", stage: "described", sizeBytes: 1, found: null },
          ...{ orderMs: 10_000 - i, foundAtRunMs: 0 },
        },
        false,
      );
    offer("/card/event.mp4", 20_000, "event");
    expect(await take("control")).toBe("/card/event.mp4");
    scheduler.drop("/card/event.mp4");
    expect(await take("bulk")).toBe("/card/9999.mp4");
    expect(scheduler.upcoming(2).map(({ path }) => path)).toEqual(["/card/9998.mp4", "/card/9997.mp4"]);
  });
});

describe("Classifier", () => {
  const classifier = new Classifier(["/card"]);
  const none = { isEvent: false, tags: [] };

  it("calls an event what its recorder, a tag or its place says", () => {
    classifier.set({ tags: ["brake"], names: ["events/**", "*_EVT.mp4", "cam?/[a].mp4"] });
    const classOf = (path: string, hints = {}) => classifier.classOf(path, { ...none, ...hints });
    expect(classOf("/card/a.mp4")).toBe("bulk");
    expect(classOf("/card/a.mp4", { isEvent: true })).toBe("event");
    expect(classOf("/card/a.mp4", { tags: ["brake"] })).toBe("event");
    expect(classOf("/card/a.mp4", { tags: ["door"] })).toBe("bulk");
    expect(classOf("/card/events/2026/a.mp4")).toBe("event");
    expect(classOf("/card/other/events/a.mp4")).toBe("bulk");
    expect(classOf("/card/2026/08/x_EVT.mp4")).toBe("event");
    expect(classOf("/card/x_EVT_mp4")).toBe("bulk");
    expect(classOf("/card/cam1/[a].mp4")).toBe("event");
    expect(classOf("/card/cam12/[a].mp4")).toBe("bulk");
  });
});

describe("isWanted", () => {
  it("needs all that is said to be right", () => {
    const sha256 = "a".repeat(64);
    expect(isWanted({ id: "1", fileName: "a.mp4" }, "/card/a.mp4", null)).toBe(true);
    expect(isWanted({ id: "1", fileName: "b.mp4" }, "/card/a.mp4", null)).toBe(false);
    expect(isWanted({ id: "1", sha256 }, "/card/a.mp4", sha256)).toBe(true);
    expect(isWanted({ id: "1", sha256, fileName: "b.mp4" }, "/card/a.mp4", sha256)).toBe(false);
    expect(isWanted({ id: "1" }, "/card/a.mp4", sha256)).toBe(false);
  });
});
