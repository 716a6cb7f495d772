import { expect, it } from "vitest";
import { seededRandom } from "../../e2e/support/proxy.ts";
import type { FileClass } from "../../lib/protocol/index.ts";
import { Heap, type Placed } from "../heap.ts";
import { type Job, type Lane, Scheduler, type Stage } from "./scheduler.ts";

it("keeps its members in order, whoever goes and comes", () => {
  interface Member extends Placed<Member> {
    value: number;
  }
  const random = seededRandom(1);
  const heap = new Heap<Member>((a, b) => a.value < b.value);
  const members: Member[] = [];
  for (let step = 0; step < 2000; step++) {
    const out = members[Math.floor(random() * members.length)];
    if (out !== undefined && random() < 0.45) {
      heap.remove(out);
      members.splice(members.indexOf(out), 1);
    } else {
      const member: Member = { value: random(), heap: null, place: 0 };
      heap.put(member);
      members.push(member);
    }
    if (step % 50 > 0) continue;
    const inOrder = members.map(({ value }) => value).sort((a, b) => a - b);
    expect(heap.few(20).map(({ value }) => value)).toEqual(inOrder.slice(0, 20));
    expect(heap.size).toBe(members.length);
  }
});

const urgency: Record<FileClass, number> = { wanted: 0, event: 1, bulk: 2 };
const stageOf: Record<Lane, Stage> = {
  ...{ describe: "found", control: "described", bulk: "described", confirm: "delivered" },
};

it("takes what going through the whole queue would take, whatever happens to it", () => {
  const random = seededRandom(7);
  const oneOf = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T; // of a list that is not empty
  let nowMs = 0;
  const held = new Set<FileClass>();
  const waiting = { reason: "metered", detail: "", untilMs: null } as const;
  const scheduler = new Scheduler({ whyNot: (one) => (held.has(one) ? waiting : null), monotonicMs: () => nowMs });

  function isBefore(a: Job, b: Job): boolean {
    if (a.class !== b.class) return urgency[a.class] < urgency[b.class];
    if (a.orderMs !== b.orderMs) return a.orderMs < b.orderMs === (scheduler.order === "oldest");
    return a.path < b.path;
  }
  function next(lane: Lane): Job | null {
    const jobs = [...scheduler.jobs()];
    const isUrgentReady = jobs.some(
      (job) =>
        job.class !== "bulk" &&
        job.stage === "described" &&
        !held.has(job.class) &&
        (job.isInWork ? !job.isResting : job.notBeforeMs <= nowMs),
    );
    const mayGo = (one: FileClass) => !held.has(one) && !(one === "bulk" && isUrgentReady);
    if (lane === "bulk" && jobs.filter((job) => job.isInWork && job.lane === "bulk").length >= scheduler.parallel)
      return null;
    return jobs
      .filter((job) => !job.isInWork && job.stage === stageOf[lane] && job.notBeforeMs <= nowMs)
      .filter((job) => lane !== "control" || job.class !== "bulk")
      .filter((job) => (lane !== "control" && lane !== "bulk") || mayGo(job.class))
      .reduce<Job | null>((best, job) => (best === null || isBefore(job, best) ? job : best), null);
  }

  const acts: (() => void)[] = [
    () => {
      const facts = { class: oneOf(["wanted", "event", "bulk", "bulk"] as const), sizeBytes: 3, found: null };
      const stage = oneOf(["found", "described", "delivered"] as const);
      const path = `/card/${Math.floor(random() * 60)}`;
      if (scheduler.get(path)?.isInWork === true) return;
      scheduler.offer({ path, ...facts, stage, orderMs: Math.floor(random() * 20), foundAtRunMs: random() }, false);
    },
    () => scheduler.drop(`/card/${Math.floor(random() * 60)}`, false),
    () => {
      for (const job of scheduler.inWork()) {
        if (random() < 0.3) job.isResting = !job.isResting;
        const stage = oneOf([job.stage, "delivered"] as const);
        if (random() < 0.4) scheduler.release(job, { stage }, random() < 0.5 ? 0 : random() * 100);
      }
    },
    () => {
      const job = scheduler.next(oneOf(["describe", "control", "bulk", "confirm"] as const));
      if (job !== null) scheduler.hold(job);
    },
    () => {
      const job = oneOf([...scheduler.jobs(), null]);
      if (job !== null) scheduler.setClass(job, oneOf(["wanted", "event", "bulk"] as const));
    },
    () => {
      nowMs += random() * 60;
    },
    () => {
      if (random() < 0.1) scheduler.order = oneOf(["oldest", "newest"] as const);
    },
    () => void (held.size > 0 ? held.clear() : held.add(oneOf(["wanted", "event", "bulk"] as const))),
  ];
  for (let step = 0; step < 4000; step++) {
    oneOf([...acts, acts[0]])?.();
    for (const lane of ["describe", "control", "bulk", "confirm"] as const)
      expect(scheduler.next(lane)?.path ?? null, `step ${step}, ${lane}`).toBe(next(lane)?.path ?? null);
    if (step % 20 > 0) continue;
    const jobs = [...scheduler.jobs()];
    const tally = (phase: string) =>
      Object.values(scheduler.tallies()).reduce((sum, phases) => sum + phases[phase as "found"].files, 0);
    expect(tally("sending")).toBe(jobs.filter((job) => job.isInWork && job.stage === "described").length);
    expect(tally("found")).toBe(jobs.filter((job) => job.stage === "found").length);
    expect(scheduler.oldest()?.foundAtRunMs).toBe(
      jobs.length === 0 ? undefined : Math.min(...jobs.map(({ foundAtRunMs }) => foundAtRunMs)),
    );
  }
});
