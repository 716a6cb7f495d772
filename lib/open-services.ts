import { fileURLToPath } from "node:url";
import { migrate } from "../prisma/migrate.ts";
import { systemClock } from "./clock.ts";
import { openDatabase } from "./db.ts";
import type { Env } from "./env.ts";
import { openJobs } from "./jobs/index.ts";
import { createLog } from "./log.ts";
import { type RunningPostgres, startPostgres } from "./postgres/index.ts";
import type { Services } from "./services.ts";
import { measuredStore, openFileBlobStore } from "./storage/index.ts";

/**
 * Opens the archive: database (the embedded one when none is set), schema brought up to date, storage, queue.
 * What was opened before a failure is closed again.
 *
 * @throws what stands in the way, with a message for the operator
 */
export async function openServices(env: Env, monitor?: Services["monitor"]): Promise<Services> {
  const log = createLog(env.logLevel);
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const closeOne of closers.splice(0).reverse()) {
      await closeOne().catch((error: unknown) => log.error({ err: error }, "a part did not close cleanly"));
    }
  };
  try {
    const databaseUrl = env.databaseUrl ?? (await startEmbedded(env, closers)).url;
    const applied = await migrate(databaseUrl);
    if (applied.length > 0) log.info({ applied }, "brought the database up to date");
    const {
      db,
      sql,
      pool,
      close: closeDatabase,
    } = openDatabase(databaseUrl, {
      poolSize: env.databasePoolSize,
      onError: (error) => log.warn({ err: error }, "an idle database connection broke"),
    });
    closers.push(closeDatabase);
    const files = openFileBlobStore(fileURLToPath(env.storageUrl));
    const storage = monitor === undefined ? files : measuredStore(files, monitor.metrics);
    const jobs = await openJobs(databaseUrl, log);
    closers.push(() => jobs.stop());
    const parts = { env, databaseUrl, db, sql, storage, jobs, log, clock: systemClock, databasePool: pool, close };
    return monitor === undefined ? parts : { ...parts, monitor };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startEmbedded(env: Env, closers: (() => Promise<void>)[]): Promise<RunningPostgres> {
  const postgres = await startPostgres(env.dataDir);
  closers.push(() => postgres.stop());
  return postgres;
}
