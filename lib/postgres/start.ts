import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { keepSecret } from "../secret-file.ts";
import { ensureCluster, userName } from "./cluster.ts";
import { type Home, openHome } from "./home.ts";
import { hasCode, PostgresError } from "./postgres-error.ts";
import { findPostmaster, type Postmaster, type Spawned, spawnPostmaster, type Tuning } from "./postmaster.ts";

/** A PostgreSQL that runs for this process, and maybe for others on the same DATA_DIR. */
export type RunningPostgres = {
  /** Connection string of the archive's database. */
  url: string;
  /** Lets go of it; the last process to let go stops it, and waits until it has ended. */
  stop(): Promise<void>;
};

/** A connection that does not keep its process alive; the package's types leave these two methods out. */
type KeeperClient = pg.Client & { ref(): void; unref(): void };

/** Every process that uses the cluster holds this advisory lock, shared; who gets it alone may stop it. */
const useLock = 7_160_935;

const startTimeoutMs = 60_000;

/**
 * Starts the embedded PostgreSQL of `dataDir`, or joins the one that runs there for another process. Makes the
 * cluster at first use. A postmaster whose process was killed is replaced, and PostgreSQL recovers by itself.
 *
 * @throws PostgresError saying what stands in the way
 */
export async function startPostgres(dataDir: string, tuning: Tuning = "durable"): Promise<RunningPostgres> {
  const home = openHome(dataDir);
  const password = keepSecret(dataDir, "database-password", () => randomBytes(24).toString("base64url"));
  await ensureCluster(home, password);
  const deadline = Date.now() + startTimeoutMs;
  let spawned: Spawned | null = null;
  for (;;) {
    const found = findPostmaster(home);
    if (found?.isReady) {
      const running = await join(home, found, password);
      if (running !== null) return running;
    }
    // Ours may take a moment until its file is there; what it said counts only once it has ended.
    if (spawned?.log !== undefined) {
      refuseIfHopeless(home, spawned.log);
      spawned = null;
    }
    if (found === null && spawned === null) spawned = await spawnPostmaster(home, tuning);
    if (Date.now() > deadline) {
      throw new PostgresError(`PostgreSQL does not start; its log is ${home.dir}/postgres.log.`);
    }
    await sleep(25);
  }
}

/** What passes by itself: another process was quicker, a killed one is still ending, the port was taken. */
const passing =
  /postmaster\.pid" already exists|pre-existing shared memory|Address already in use|received .* shutdown/;

function refuseIfHopeless(home: Home, log: string): void {
  if (passing.test(log)) return;
  const lines = log.trim().split("\n");
  const reason = lines.findLast((line) => /FATAL|PANIC/.test(line)) ?? lines.slice(-4).join(" ");
  throw new PostgresError(`PostgreSQL does not start: ${reason.trim()} (log: ${home.dir}/postgres.log)`);
}

function addressOf(port: number, password: string, database: string): string {
  return `postgresql://${userName}:${password}@127.0.0.1:${port}/${database}`;
}

/** Takes the shared lock, which says that we use it. Null when it is just being stopped by another process. */
async function join(home: Home, found: Postmaster, password: string): Promise<RunningPostgres | null> {
  // The server's own database exists from the start; locks are per database, so everyone meets there.
  const client = new pg.Client({
    connectionString: addressOf(found.port, password, "postgres"),
    keepAlive: true,
    application_name: "strongroom keeper",
  }) as KeeperClient;
  client.on("error", () => undefined); // the server ended; whoever works with it notices
  try {
    await client.connect();
    const { rows } = await client.query("SELECT pg_try_advisory_lock_shared($1) AS mine", [useLock]);
    if (rows[0]?.mine !== true) {
      await client.end();
      return null;
    }
    await ensureDatabase(client);
  } catch (error) {
    // 57P01 and 57P03: it is starting or stopping.
    if (hasCode(error, "ECONNREFUSED", "ECONNRESET", "57P01", "57P03")) return null;
    const reason = error instanceof Error ? error.message : String(error);
    if (reason.includes("Connection terminated")) return null;
    throw new PostgresError(`The database in ${home.dir} refuses us: ${reason}`);
  }
  client.unref(); // a process that has nothing else to do may end
  return { url: addressOf(found.port, password, userName), stop: () => leave(home, client, found.pid) };
}

async function ensureDatabase(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [userName]);
  if (rowCount !== 0) return;
  try {
    await client.query(`CREATE DATABASE ${userName}`);
  } catch (error) {
    if (!hasCode(error, "42P04", "23505")) throw error; // another process was as quick
  }
}

async function leave(home: Home, client: KeeperClient, pid: number): Promise<void> {
  client.ref();
  try {
    await client.query("SELECT pg_advisory_unlock_shared($1)", [useLock]);
    const { rows } = await client.query("SELECT pg_try_advisory_lock($1) AS alone", [useLock]);
    if (rows[0]?.alone !== true) return await client.end();
    process.kill(pid, "SIGINT"); // PostgreSQL's "fast" shutdown: end sessions, write everything, exit
  } catch {
    return; // it ended before us
  }
  const deadline = Date.now() + startTimeoutMs;
  while (findPostmaster(home)?.pid === pid && Date.now() < deadline) await sleep(20);
  await client.end().catch(() => undefined);
}
