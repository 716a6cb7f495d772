import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openDatabase } from "../../lib/db.ts";
import { toProblem } from "../../lib/errors.ts";
import { type JobWorkers, openJobs, queueNames } from "../../lib/jobs/index.ts";
import { startPostgres } from "../../lib/postgres/index.ts";
import type { Services } from "../../lib/services.ts";
import { useTestDatabase } from "../../lib/testing/index.ts";
import { startTestArchive, type TestArchive } from "../testing/test-archive.ts";
import { Health } from "./health.ts";

const atOnce = { isStarting: false, kept: { good: 0, bad: 0 } };

describe("the health of a process", () => {
  const world = useTestDatabase();
  let archive: TestArchive;
  beforeAll(async () => {
    archive = await startTestArchive(world());
  });
  afterAll(() => archive.stop(0));

  const healthWith = (over: Partial<Services>) => new Health({ ...archive.services, ...over }, atOnce);

  async function ready(path = "/api/health/ready", headers: Record<string, string> = {}) {
    const { status, bytes, headers: fields } = await archive.get(path, null, headers);
    return { status, body: JSON.parse(bytes.toString()), fields };
  }

  test("is ready when every part is, which whoever asks may know", async () => {
    const ok = { state: "ok" };
    const parts = { process: ok, database: ok, storage: ok, space: ok, queue: ok };
    expect(await ready()).toMatchObject({ status: 200, body: { status: "ready", parts } });
    expect((await ready("/api/health/live")).body).toEqual({ status: "live" });
    const left: string[] = [];
    for await (const key of world().storage.list("health/")) left.push(key);
    expect(left).toEqual([]);
  });

  test("fails with its database", async () => {
    const dataDir = join(world().dir, "own-postgres");
    mkdirSync(dataDir);
    const postgres = await startPostgres(dataDir);
    const { db, sql, close } = openDatabase(postgres.url, { poolSize: 2 });
    const health = healthWith({ db });
    expect((await health.check()).parts.database).toEqual({ state: "ok" });
    const cut = db.$queryRaw`SELECT pg_sleep(60)`.then(() => null, toProblem);
    await postgres.stop();
    const { isReady, parts } = await health.check();
    expect(isReady).toBe(false);
    expect(parts.database).toMatchObject({ state: "failing", reason: expect.any(String) });
    expect(parts.storage).toEqual({ state: "ok" });
    // Who asks meanwhile is told to come again, whichever driver was in use.
    const asked = [
      cut,
      db.device.findFirst().then(() => null, toProblem),
      db.$transaction((tx) => tx.device.count()).then(() => null, toProblem),
      sql({ name: "away", text: "SELECT 1" }, []).then(() => null, toProblem),
    ];
    for (const problem of await Promise.all(asked)) {
      expect(problem).toMatchObject({ status: 503, body: { code: "unavailable" } });
      expect(Number(problem?.headers["Retry-After"])).toBeGreaterThan(0);
    }
    await close();
  });

  test("fails with storage that cannot be written, though it can be asked", async () => {
    const directory = join(world().dir, "storage");
    const health = healthWith({});
    expect((await health.check()).parts.storage).toEqual({ state: "ok" });
    // What a probe needs is in the way; asking for free space still works.
    rmSync(join(directory, "health"), { recursive: true, force: true });
    writeFileSync(join(directory, "health"), "not a directory");
    const { isReady, parts } = await health.check();
    expect(isReady).toBe(false);
    expect(parts.storage.state).toBe("failing");
    expect(parts.space).toEqual({ state: "ok" });
    renameSync(join(directory, "health"), join(world().dir, "moved"));
    mkdirSync(join(directory, "health"));
    expect((await health.check()).parts.storage).toEqual({ state: "ok" });
  });

  test("fails with a full disk, and with less than is kept free", async () => {
    const { storage, services } = { storage: world().storage, services: archive.services };
    const full = Object.assign(Object.create(storage), {
      put: () => Promise.reject(Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" })),
      freeBytes: async () => 10,
    });
    const env = { ...services.env, limits: { ...services.env.limits, reserveBytes: 11 } };
    const { parts } = await healthWith({ storage: full, env }).check();
    expect(parts.storage).toMatchObject({ state: "failing", reason: expect.stringContaining("ENOSPC") });
    expect(parts.space.state).toBe("failing");
    env.limits.reserveBytes = 10;
    expect((await healthWith({ storage: full, env }).check()).parts.space.state).toBe("ok");
  });

  test("fails with a queue that nobody works, here or anywhere", async () => {
    const jobs = await openJobs(world().databaseUrl, world().context().log);
    const health = healthWith({ jobs });
    expect((await health.check()).parts.queue).toMatchObject({
      state: "failing",
      reason: expect.stringContaining("recording.seal"),
    });
    await world().db.$transaction((tx) => jobs.add(tx, "recording.seal", { recordingId: "R-STUCK" }));
    await world().db.$executeRaw`
      UPDATE jobs.job SET created_on = now() - interval '1 hour', start_after = now() - interval '1 hour'
       WHERE singleton_key = 'R-STUCK'`;
    expect(await jobs.backlog("recording.seal")).toMatchObject({ count: 1, oldestSeconds: expect.closeTo(3600, -2) });
    const worked = healthWith({
      jobs: Object.assign(Object.create(jobs), { silentQueues: () => [], backlog: jobs.backlog.bind(jobs) }),
    });
    expect((await worked.check()).parts.queue).toMatchObject({
      state: "failing",
      reason: expect.stringContaining("is due for"),
    });
    const never = async () => undefined;
    const workers = Object.fromEntries(queueNames.map((name) => [name, never]));
    await jobs.work(workers as unknown as JobWorkers); // all names are there
    await vi.waitFor(async () => expect((await health.check()).parts.queue).toEqual({ state: "ok" }), 10_000);
    await jobs.stop(1_000);
    expect((await health.check()).parts.queue.state).toBe("failing");
  });

  test("asks each part once for all who ask meanwhile, and gives up on one that hangs", async () => {
    let asked = 0;
    const hanging = Object.assign(Object.create(world().storage), {
      put: () => {
        asked += 1;
        return new Promise(() => undefined);
      },
    });
    const health = healthWith({ storage: hanging });
    const answers = await Promise.all(Array.from({ length: 50 }, () => health.check()));
    expect(asked).toBe(1);
    for (const { parts } of answers) expect(parts.storage).toMatchObject({ state: "failing" });
  });

  test("keeps an answer, so that asking all day costs nothing", async () => {
    let asked = 0;
    const counting = Object.assign(Object.create(world().storage), {
      put: async () => {
        asked += 1;
      },
      remove: async () => undefined,
    });
    const health = new Health({ ...archive.services, storage: counting }, { isStarting: false });
    for (let n = 0; n < 100; n++) await health.check();
    expect(asked).toBe(1);
  });

  test("is not ready while it starts or stops, and says so to the end", async () => {
    const health = new Health(archive.services, { isStarting: true });
    expect(await health.check()).toMatchObject({ isReady: false, parts: { process: { state: "starting" } } });
    health.started();
    expect((await health.check()).isReady).toBe(true);
    health.stopping();
    expect(await health.check()).toMatchObject({ isReady: false, parts: { process: { state: "stopping" } } });
    health.started();
    expect((await health.check()).isReady).toBe(false);
  });

  test("tells why to monitoring, and one word to everybody else", async () => {
    const own = await startTestArchive(world(), { settings: { STORAGE_RESERVE_BYTES: String(2 ** 48) } });
    const space = async (headers: Record<string, string>) => {
      const { status, bytes, headers: fields } = await own.get("/api/health/ready", null, headers);
      expect([status, fields["retry-after"]]).toEqual([503, "5"]);
      return JSON.parse(bytes.toString()).parts.space;
    };
    expect(await space({})).toEqual({ state: "failing", reason: expect.stringContaining("bytes are free") });
    expect(await space({ "X-Forwarded-For": "192.0.2.1" })).toEqual({ state: "failing" });
    await own.stop(0);
  });
});
