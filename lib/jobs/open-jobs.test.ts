import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { useTestDatabase } from "../testing/index.ts";
import { type Jobs, type JobWorkers, openJobs } from "./index.ts";

describe("the job queue on PostgreSQL", () => {
  const world = useTestDatabase();
  const open: Jobs[] = [];

  async function openQueue(): Promise<Jobs> {
    const jobs = await openJobs(world().databaseUrl, world().context().log);
    open.push(jobs);
    return jobs;
  }

  function workers(seal: JobWorkers["recording.seal"]): JobWorkers {
    const none = async () => undefined;
    return {
      "recording.seal": seal,
      "upload.assemble": none,
      "log.sequence": none,
      "upload.expire": none,
      "device.quarantine": none,
      "storage.sweep": none,
      "access.expire": none,
      "fleet.prune": none,
    };
  }

  afterEach(async () => {
    for (const jobs of open.splice(0)) await jobs.stop(1_000);
  });

  it("runs a job only once its transaction committed, and never when it rolled back", async () => {
    const jobs = await openQueue();
    const ran: string[] = [];
    await jobs.work(workers(async ({ recordingId }) => void ran.push(recordingId)));
    await world().db.$transaction(async (tx) => {
      await jobs.add(tx, "recording.seal", { recordingId: "R-COMMITTED" });
      await sleep(300);
      expect(ran).toEqual([]);
    });
    const rolledBack = world().db.$transaction(async (tx) => {
      await jobs.add(tx, "recording.seal", { recordingId: "R-ROLLED" });
      throw new Error("no");
    });
    await expect(rolledBack).rejects.toThrow("no");
    await vi.waitFor(() => expect(ran).toEqual(["R-COMMITTED"]), 8_000);
    await sleep(500);
    expect(ran).toEqual(["R-COMMITTED"]);
  });

  it("is one job while an equal one waits", async () => {
    const jobs = await openQueue();
    for (let i = 0; i < 3; i++) {
      await world().db.$transaction((tx) => jobs.add(tx, "recording.seal", { recordingId: "R-SAME" }));
    }
    const ran: string[] = [];
    await jobs.work(workers(async ({ recordingId }) => void ran.push(recordingId)));
    await vi.waitFor(() => expect(ran).toEqual(["R-SAME"]), 8_000);
    await sleep(500);
    expect(ran).toEqual(["R-SAME"]);
  });

  it("works a backlog without pauses", async () => {
    const jobs = await openQueue();
    await world().db.$transaction(async (tx) => {
      for (let i = 0; i < 30; i++) await jobs.add(tx, "recording.seal", { recordingId: `R-BACKLOG-${i}` });
    });
    const ran = new Set<string>();
    await jobs.work(workers(async ({ recordingId }) => void ran.add(recordingId)));
    await vi.waitFor(() => expect(ran.size).toBe(30), 10_000);
  });

  it("ends a running job when it stops, and another process runs it again", async () => {
    const first = await openQueue();
    const started = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    await first.work(
      workers(async (_input, signal) => {
        started.resolve();
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        ended.resolve();
        signal.throwIfAborted();
      }),
    );
    await world().db.$transaction((tx) => first.add(tx, "recording.seal", { recordingId: "R-STOPPED" }));
    await started.promise;
    await first.stop(5_000);
    await ended.promise;
    const second = await openQueue();
    const again = Promise.withResolvers<string>();
    await second.work(workers(async ({ recordingId }) => again.resolve(recordingId)));
    expect(await again.promise).toBe("R-STOPPED");
  });

  it("tries a failing job again until it succeeds", async () => {
    const jobs = await openQueue();
    let runs = 0;
    await jobs.work(
      workers(async () => {
        runs += 1;
        if (runs < 3) throw new Error("not yet");
      }),
    );
    await world().db.$transaction((tx) => jobs.add(tx, "recording.seal", { recordingId: "R-RETRY" }));
    await vi.waitFor(() => expect(runs).toBe(3), 20_000);
  });

  it("keeps a job that waits or fails for years", async () => {
    const jobs = await openQueue();
    await world().db.$transaction((tx) => jobs.add(tx, "recording.seal", { recordingId: "R-PATIENT" }));
    const [row] = await world().db.$queryRaw<{ days: number }[]>`
      SELECT extract(epoch FROM keep_until - created_on)::int / 86400 AS days
        FROM jobs.job WHERE singleton_key = 'R-PATIENT'`;
    expect(row?.days).toBeGreaterThan(3_000);
    await world().db.$executeRaw`DELETE FROM jobs.job WHERE singleton_key = 'R-PATIENT'`; // not for the next test
  });

  it("starts the job of a killed process again soon", async () => {
    const script = join(world().dir, "worker.ts");
    writeFileSync(
      script,
      `import { openJobs } from ${JSON.stringify(join(import.meta.dirname, "index.ts"))};
       import { createLog } from ${JSON.stringify(join(import.meta.dirname, "../log.ts"))};
       const jobs = await openJobs(process.argv[2] ?? "", createLog("silent"));
       const never = () => new Promise<void>(() => process.send?.("running"));
       const none = async () => undefined;
       await jobs.work({ "recording.seal": never, "log.sequence": none, "upload.expire": none, "access.expire": none });`,
    );
    const child = fork(script, [world().databaseUrl], { execArgv: ["--disable-warning=ExperimentalWarning"] });
    const jobs = await openQueue();
    await world().db.$transaction((tx) => jobs.add(tx, "recording.seal", { recordingId: "R-KILLED" }));
    await once(child, "message");
    child.kill("SIGKILL");
    await once(child, "exit");
    const ran: string[] = [];
    await jobs.work(workers(async ({ recordingId }) => void ran.push(recordingId)));
    await vi.waitFor(() => expect(ran).toEqual(["R-KILLED"]), { timeout: 25_000, interval: 200 });
  });
});
