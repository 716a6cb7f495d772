import { queueNames } from "../../lib/jobs/index.ts";
import type { Services } from "../../lib/services.ts";
import { probeStore } from "../../lib/storage/index.ts";

/** What a process needs to do its work. */
export type HealthPart = "process" | "database" | "storage" | "space" | "queue";

/** How one part is. `reason` is for operators only: it may name hosts and paths. */
export type PartHealth = { state: "ok" | "starting" | "stopping" | "failing"; reason?: string };

/** Longer than any of these takes when all is well. */
const patienceMs = 2_000;
/** So that asking all the time, by whoever, costs one question in a while. */
const keptMs: Record<"good" | "bad", number> = { good: 5_000, bad: 1_000 };
/** A job that is due for so long, while none of its queue runs anywhere, is not being worked. */
const stuckSeconds = 15 * 60;

type Parts = Pick<Services, "db" | "storage" | "jobs" | "env" | "log">;
type Check = () => Promise<PartHealth>;

const ok: PartHealth = { state: "ok" };
const failing = (reason: string): PartHealth => ({ state: "failing", reason });

/** Remembers an answer for a moment; all who ask meanwhile get it, and a check that hangs is asked once. */
function remembered(check: Check, kept: typeof keptMs): Check {
  let running: Promise<PartHealth> | null = null;
  let last: { until: number; health: PartHealth } | null = null;
  const run = async () => {
    const health = await check().catch((error: unknown) =>
      failing(error instanceof Error ? error.message : String(error)),
    );
    last = { until: performance.now() + (health.state === "ok" ? kept.good : kept.bad), health };
    running = null;
    return health;
  };
  return () => {
    if (last !== null && performance.now() < last.until) return Promise.resolve(last.health);
    running ??= run();
    const late = new Promise<PartHealth>((resolve) =>
      setTimeout(() => resolve(failing(`no answer within ${patienceMs} ms`)), patienceMs).unref(),
    );
    return Promise.race([running, late]);
  };
}

async function checkQueue({ jobs }: Parts): Promise<PartHealth> {
  const silent = jobs.silentQueues();
  if (silent.length > 0) return failing(`no worker of this process fetches ${silent.join(", ")}`);
  for (const name of queueNames) {
    const { stuckSeconds: seconds } = await jobs.backlog(name);
    if (seconds > stuckSeconds) return failing(`a job of ${name} is due for ${Math.round(seconds)} s, and none runs`);
  }
  return ok;
}

async function checkSpace({ storage, env }: Parts): Promise<PartHealth> {
  const freeBytes = await storage.freeBytes();
  if (freeBytes === null || freeBytes >= env.limits.reserveBytes) return ok;
  return failing(`${freeBytes} bytes are free, of which ${env.limits.reserveBytes} are kept (STORAGE_RESERVE_BYTES)`);
}

/** How this process is, part by part. It asks the parts themselves, and never for long. */
export class Health {
  readonly #checks: Record<Exclude<HealthPart, "process">, Check>;
  readonly #parts: Parts;
  #phase: "starting" | "ok" | "stopping";
  #toldOf = "";

  /** @param options.kept other times than usual, for tests that are in a hurry */
  constructor(parts: Parts, options: { isStarting: boolean; kept?: typeof keptMs }) {
    this.#parts = parts;
    this.#phase = options.isStarting ? "starting" : "ok";
    const kept = options.kept ?? keptMs;
    this.#checks = {
      database: remembered(async () => {
        await parts.db.$queryRaw`SELECT 1`;
        return ok;
      }, kept),
      storage: remembered(async () => {
        await probeStore(parts.storage);
        return ok;
      }, kept),
      space: remembered(() => checkSpace(parts), kept),
      queue: remembered(() => checkQueue(parts), kept),
    };
  }

  /** Everything is there: pages, workers. */
  started(): void {
    if (this.#phase === "starting") this.#phase = "ok";
  }

  /** From now on it is not ready, whatever else is well. */
  stopping(): void {
    this.#phase = "stopping";
  }

  /** Asks every part. A change is written into the log, with its reasons. */
  async check(): Promise<{ isReady: boolean; parts: Record<HealthPart, PartHealth> }> {
    const { database, storage, space, queue } = this.#checks;
    const [ofDatabase, ofStorage, ofSpace, ofQueue] = await Promise.all([database(), storage(), space(), queue()]);
    const parts = {
      process: { state: this.#phase },
      database: ofDatabase,
      storage: ofStorage,
      space: ofSpace,
      queue: ofQueue,
    };
    const isReady = Object.values(parts).every(({ state }) => state === "ok");
    const words = Object.entries(parts)
      .map(([part, { state }]) => `${part} ${state}`)
      .join(", ");
    if (words !== this.#toldOf && this.#phase === "ok")
      this.#parts.log[isReady ? "info" : "error"]({ parts }, isReady ? "ready" : "NOT READY");
    this.#toldOf = words;
    return { isReady, parts };
  }
}
