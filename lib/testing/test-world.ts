import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import type { Actor, Context, Database } from "../context.ts";
import { openDatabase } from "../db.ts";
import { noLimits } from "../limits.ts";
import type { Log } from "../log.ts";
import { noMetrics } from "../metrics.ts";
import type { Sql } from "../sql.ts";
import { type BlobStore, openFileBlobStore } from "../storage/index.ts";
import { openVault } from "../vault.ts";
import { type FakeClock, fakeClock } from "./fake-clock.ts";
import { TestJobs } from "./test-jobs.ts";

/** Everything one test file owns: a migrated empty database, a clock, a queue and a directory for bytes. */
export type TestWorld = {
  db: Database;
  sql: Sql;
  databaseUrl: string;
  storage: BlobStore;
  jobs: TestJobs;
  clock: FakeClock;
  /** A temporary directory, removed with the world. */
  dir: string;
  /** A context in which `actor` acts (default: the archive itself), from 192.0.2.1 unless `over` says otherwise. */
  context(actor?: Actor, over?: Partial<Context>): Context;
  close(): Promise<void>;
};

const testVault = openVault("a secret of tests, and of nothing else");

const silentLog = pino({ level: "silent" }) as unknown as Log; // as in lib/log.ts

/** Makes a context from parts, with the rest filled in. */
function makeContext(
  parts: Pick<Context, "db" | "sql" | "storage" | "jobs" | "clock"> & Partial<Context>,
  actor: Actor = { kind: "system", name: "test" },
): Context {
  return {
    actor,
    log: silentLog,
    metrics: noMetrics,
    limits: noLimits,
    vault: testVault,
    origin: { address: "192.0.2.1", userAgent: "test" },
    correlationId: randomBytes(8).toString("hex"),
    ...parts,
  };
}

/** Opens a world on a database that exists and is migrated. */
export function openTestWorld(databaseUrl: string): TestWorld {
  const { db, sql, close } = openDatabase(databaseUrl, { poolSize: 10 });
  const dir = mkdtempSync(join(tmpdir(), "strongroom-test-"));
  const storage = openFileBlobStore(join(dir, "storage"));
  const jobs = new TestJobs();
  const clock = fakeClock();
  return {
    db,
    sql,
    databaseUrl,
    storage,
    jobs,
    clock,
    dir,
    context: (actor, over) => makeContext({ db, sql, storage, jobs, clock, ...over }, actor),
    close: async () => {
      await close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
