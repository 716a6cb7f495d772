import { fromPrisma, type Job, type JobResult, PgBoss } from "pg-boss";
import { systemClock } from "../clock.ts";
import type { Transaction } from "../context.ts";
import type { Log } from "../log.ts";
import { queueNames, queues } from "./queues.ts";
import type { JobInputs, JobName, JobQueue, JobWorkers } from "./types.ts";

/** Jobs that wait, and for how long. */
export type Backlog = {
  count: number;
  /** Since the oldest was added. */
  oldestSeconds: number;
  /** Since one is due while none runs anywhere; 0 while the queue is worked, or empty. */
  stuckSeconds: number;
};

/** A worker that has fetched nothing for so long, and runs nothing, is gone. Fetches are seconds apart. */
const silentMs = 60_000;

/** The queue of one process. */
export interface Jobs extends JobQueue {
  /** Starts working all queues in this process. */
  work(workers: JobWorkers): Promise<void>;
  /** What waits in a queue, jobs that failed and will run again among them. */
  backlog(name: JobName): Promise<Backlog>;
  /** Queues that no worker of this process fetches from any more. */
  silentQueues(): JobName[];
  /** Ends running jobs, waiting at most `graceMs`; they start again in another process, or when this one is back. */
  stop(graceMs?: number): Promise<void>;
}

/** A worker that is silent for this long is dead, and its job starts again. pg-boss takes 10 s or more. */
const heartbeatSeconds = 10;
/** How often dead workers' jobs are looked for. With the heartbeat: a kill -9 delays work by 15 s at most. */
const superviseSeconds = 5;
/** Jobs never give up: this many tries at the longest delay are three years. */
const retryLimit = 300_000;
/** How long a job may wait or fail, ten years. pg-boss's own rule drops one silently after 14 days. */
const retentionSeconds = 10 * 365 * 86_400;

class PgJobs implements Jobs {
  #boss: PgBoss;
  #log: Log;
  readonly #stopping = new AbortController();

  constructor(boss: PgBoss, log: Log) {
    this.#boss = boss;
    this.#log = log;
  }

  async add<N extends JobName>(tx: Transaction, name: N, ...inputs: JobInputs[N][]): Promise<void> {
    const jobs = inputs.map((data) => ({ data, singletonKey: queues[name].key(data) }));
    await this.#boss.insert(name, jobs, { db: fromPrisma(tx) });
  }

  async work(workers: JobWorkers): Promise<void> {
    for (const name of queueNames) await this.#workOne(name, workers);
  }

  async #workOne<N extends JobName>(name: N, workers: JobWorkers): Promise<void> {
    const { schedule } = queues[name];
    const options = {
      // Fetched together; while fetches come back full there is no pause.
      batchSize: 8,
      burstWhenBatchFull: true,
      perJobResults: true,
      heartbeatRefreshSeconds: heartbeatSeconds / 4,
      // A notification wakes us for a new job at once; a job that is due again after a failure has none.
      notifyPollingIntervalSeconds: 2,
    } as const;
    await this.#boss.work(name, options, async (batch: Job<JobInputs[N]>[]) => {
      const results: JobResult[] = [];
      const waiting = batch.values();
      const lane = async () => {
        for (const job of waiting) results.push(await this.#run(name, job, workers[name]));
      };
      await Promise.all(Array.from({ length: queues[name].lanes ?? 1 }, lane));
      return results;
    });
    if (schedule !== null) await this.#boss.schedule(name, schedule, {}, { singletonKey: "all" });
  }

  async #run<N extends JobName>(name: N, job: Job<JobInputs[N]>, worker: JobWorkers[N]): Promise<JobResult> {
    try {
      this.#stopping.signal.throwIfAborted();
      await worker(job.data, AbortSignal.any([job.signal, this.#stopping.signal]));
      return { id: job.id, status: "completed" };
    } catch (error) {
      if (this.#stopping.signal.aborted) return { id: job.id, status: "failed", output: { message: "stopping" } };
      this.#log.error({ job: name, jobId: job.id, input: job.data, err: error }, "a job failed and will run again");
      const message = error instanceof Error ? error.message : String(error);
      return { id: job.id, status: "failed", output: { message } };
    }
  }

  async backlog(name: JobName): Promise<Backlog> {
    const { rows } = await this.#boss.getDb().executeSql(
      `SELECT count(*) FILTER (WHERE state < 'active')::int AS count,
              coalesce(extract(epoch FROM now() - min(created_on) FILTER (WHERE state < 'active')), 0)::float8
                AS "oldestSeconds",
              CASE WHEN bool_or(state = 'active') THEN 0
                ELSE coalesce(extract(epoch FROM now() - min(start_after)), 0)::float8 END AS "stuckSeconds"
         FROM jobs.job WHERE name = $1 AND state < 'completed'`,
      [name],
    );
    return rows[0];
  }

  silentQueues(): JobName[] {
    const now = systemClock.now().getTime(); // pg-boss has no other
    const heard = this.#boss
      .getWipData()
      .filter(({ state, count, lastFetchedOn, createdOn }) => {
        return state === "active" && (count > 0 || now - (lastFetchedOn ?? createdOn) < silentMs);
      })
      .map(({ name }) => name);
    return queueNames.filter((name) => !heard.includes(name));
  }

  async stop(graceMs = 10_000): Promise<void> {
    this.#stopping.abort();
    await this.#boss.stop({ graceful: true, timeout: Math.max(1_000, graceMs) });
  }
}

/**
 * Opens the queue on PostgreSQL (schema `jobs`, made and migrated by pg-boss itself). Several processes may open
 * it at once. Jobs are added in the caller's transaction and survive whatever happens to any process.
 */
export async function openJobs(databaseUrl: string, log: Log): Promise<Jobs> {
  const boss = new PgBoss({
    connectionString: databaseUrl,
    application_name: "strongroom-jobs",
    schema: "jobs",
    max: 4,
    superviseIntervalSeconds: superviseSeconds,
    monitorIntervalSeconds: superviseSeconds,
    useListenNotify: true,
  });
  boss.on("error", (error) => log.error({ err: error }, "the job queue has a problem"));
  boss.on("warning", (warning) => log.warn({ warning }, "the job queue warns"));
  await boss.start();
  for (const name of queueNames) {
    const options = {
      retryLimit,
      retryDelay: 1,
      retryBackoff: true,
      retryDelayMax: 300,
      retentionSeconds,
      expireInSeconds: queues[name].maxSeconds,
      heartbeatSeconds,
      notify: true,
    };
    await boss.createQueue(name, { ...options, policy: "exclusive" });
    await boss.updateQueue(name, options);
  }
  return new PgJobs(boss, log);
}
