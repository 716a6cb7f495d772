import { Gauge, type Registry } from "prom-client";
import { type FleetFigures, readFleetFigures } from "../../lib/fleet/index.ts";
import type { Services } from "../../lib/services.ts";
import { addFleetFigures } from "./fleet-figures.ts";

/** How long figures that cost a query are kept, so that whoever asks often costs little. */
const keptMs = 5_000;
/** A database or a medium that takes longer has no figure. */
const patienceMs = 2_000;

/** What is only known by asking; null: it could not be asked. */
type Figures = {
  openUploads: number | null;
  sealJobs: number | null;
  oldestSealSeconds: number | null;
  freeBytes: number | null;
  oldestPendingSeconds: number | null;
};
type All = { archive: Figures; fleet: FleetFigures | null };

/** Null when it cannot be had, or not in time: a database that is away takes no other figure along. */
async function orNull<T>(promise: Promise<T>): Promise<T | null> {
  const late = new Promise<null>((resolve) => setTimeout(resolve, patienceMs, null).unref());
  return Promise.race([promise.catch(() => null), late]);
}

/** How long the oldest custody event waits that is not in the log's tree yet; 0: none does. */
async function oldestPending({ db, clock }: Services): Promise<number> {
  const [oldest] = await db.$queryRaw<{ at: Date }[]>`
    SELECT e.at FROM log_pending p JOIN custody_event e USING (seq) ORDER BY p.seq LIMIT 1`;
  return oldest === undefined ? 0 : Math.max(0, clock.now().getTime() - oldest.at.getTime()) / 1000;
}

async function readFigures(services: Services): Promise<All> {
  const { db, jobs, storage, clock } = services;
  const [openUploads, backlog, freeBytes, oldestPendingSeconds, fleet] = await Promise.all([
    orNull(db.upload.count({ where: { state: "open" } })),
    orNull(jobs.backlog("recording.seal")),
    orNull(storage.freeBytes()),
    orNull(oldestPending(services)),
    orNull(readFleetFigures(db, clock.now())),
  ]);
  const archive = {
    openUploads,
    sealJobs: backlog?.count ?? null,
    oldestSealSeconds: backlog?.oldestSeconds ?? null,
    freeBytes,
    oldestPendingSeconds,
  };
  return { archive, fleet };
}

const gauges: { figure: keyof Figures; name: string; help: string }[] = [
  { figure: "openUploads", name: "strongroom_uploads_open", help: "Uploads that are not complete." },
  { figure: "sealJobs", name: "strongroom_seal_queue_jobs", help: "Recordings that wait to be read back." },
  {
    figure: "oldestSealSeconds",
    name: "strongroom_seal_queue_oldest_age_seconds",
    help: "How long the oldest of them waits; 0 when none does.",
  },
  { figure: "freeBytes", name: "strongroom_storage_free_bytes", help: "Bytes that storage can still take." },
  {
    figure: "oldestPendingSeconds",
    name: "strongroom_custody_pending_oldest_age_seconds",
    help: "How long the oldest custody event waits to enter the log's tree, before which there is no receipt.",
  },
];

/** Adds gauges that are read when somebody asks. What could not be asked is left out, so that no old figure lies. */
export function addFigures(registry: Registry, services: Services): void {
  let kept: { until: number; figures: Promise<All> } | null = null;
  const figures = () => {
    const now = performance.now();
    if (kept === null || now > kept.until) kept = { until: now + keptMs, figures: readFigures(services) };
    return kept.figures;
  };
  for (const { figure, name, help } of gauges) {
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const value = (await figures()).archive[figure];
        this.reset();
        if (value === null) this.remove();
        else this.set(value);
      },
    });
  }
  addFleetFigures(registry, async () => (await figures()).fleet);
  const pool = services.databasePool;
  if (pool === undefined) return;
  new Gauge({
    name: "strongroom_database_connections",
    help: "Connections of this process by state, and requests that wait for one.",
    labelNames: ["state"],
    registers: [registry],
    collect() {
      this.set({ state: "used" }, pool.totalCount - pool.idleCount);
      this.set({ state: "idle" }, pool.idleCount);
      this.set({ state: "waiting" }, pool.waitingCount);
    },
  });
}
