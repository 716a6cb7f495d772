import type { Clock } from "./clock.ts";
import type { Actor, Context, Database, Origin } from "./context.ts";
import type { Env } from "./env.ts";
import type { Jobs } from "./jobs/index.ts";
import type { Log } from "./log.ts";
import { type Metrics, noMetrics } from "./metrics.ts";
import type { Sql } from "./sql.ts";
import type { BlobStore } from "./storage/index.ts";
import { openVault } from "./vault.ts";

/** The parts that one process has once. lib/open-services.ts puts them together. */
export type Services = {
  env: Env;
  /** Where the database really is, also when it is the embedded one. */
  databaseUrl: string;
  db: Database;
  sql: Sql;
  storage: BlobStore;
  jobs: Jobs;
  log: Log;
  /** What is told of what happens here; left out: nobody looks, as in commands and most tests. */
  monitor?: {
    metrics: Metrics;
    /** Told who a request or a job acts as. */
    noteActor(correlationId: string, actor: Actor): void;
  };
  /** Counts of the database connections of this process. */
  databasePool?: { totalCount: number; idleCount: number; waitingCount: number };
  clock: Clock;
  /** Closes everything that was opened, in order. */
  close(): Promise<void>;
};

// The web bundle has its own copy of every module; only what hangs on globalThis is one per process.
const holder = globalThis as { strongroomServices?: Services };

/** Makes the services of this process known to all its module copies. */
export function provideServices(services: Services | undefined): void {
  if (services === undefined) delete holder.strongroomServices;
  else holder.strongroomServices = services;
}

/** The services of this process: one pool and one store for the server and the web bundle. */
export async function getServices(): Promise<Services> {
  if (holder.strongroomServices === undefined) throw new Error("The archive is not open: start server/main.ts.");
  return holder.strongroomServices;
}

/**
 * The context of one call.
 *
 * @param correlationId the same in every custody event and log line of one HTTP request or job run
 */
export function contextFor(services: Services, actor: Actor, origin: Origin, correlationId: string): Context {
  const { db, sql, storage, jobs, log, monitor } = services;
  monitor?.noteActor(correlationId, actor);
  return {
    actor,
    clock: services.clock,
    db,
    sql,
    storage,
    limits: services.env.limits,
    jobs,
    log: log.child({ correlationId }),
    metrics: monitor?.metrics ?? noMetrics,
    vault: openVault(services.env.authSecret),
    origin,
    correlationId,
  };
}
