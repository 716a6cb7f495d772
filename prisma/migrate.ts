import pg from "pg";
import { noFilter, openSchemaEngine, readMigrations } from "./engine.ts";

/** The database cannot be used; the message says why and what to do. */
export class MigrationError extends Error {
  override name = "MigrationError";
}

// Two locks with fixed numbers. Who migrates holds the first on a connection of its own. Each script holds the
// second in its transaction, because a script that was sent runs on after its sender was killed.
const migrateLock = "8319119876310790511";
const scriptLock = "8319119876310790512";

/** PostgreSQL 15, as server_version_num says it. */
const oldestVersion = 150_000;

// Prisma notes the end of a migration in a second transaction. Noted in the script's own, a row without an end
// proves that nothing of its migration happened, whenever the process was killed.
const noteEnd =
  "UPDATE _prisma_migrations SET finished_at = now() WHERE finished_at IS NULL AND rolled_back_at IS NULL";

/**
 * Brings the database to this version's schema, forward only. Safe with several servers starting at once: one
 * migrates, the others wait for its advisory lock and then find nothing to do. A killed server's lock goes with
 * its connection.
 *
 * @returns names of the migrations that were applied, in order; empty when there was nothing to do
 * @throws MigrationError when the database is too old, newer than this program or out of reach, or a migration fails
 */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000, keepAlive: true });
  client.on("error", () => undefined); // the query under way fails with the same error
  try {
    await client.connect();
  } catch (error) {
    throw new MigrationError(`The database cannot be reached: ${reasonOf(error)}. Check DATABASE_URL.`);
  }
  try {
    await refuseOldServer(client);
    await client.query("SELECT pg_advisory_lock($1)", [migrateLock]);
    await client.query("SELECT pg_advisory_lock($1), pg_advisory_unlock($1)", [scriptLock]);
    const pending = await pendingMigrations(client);
    if (pending.length === 0) return [];
    await apply(databaseUrl);
    return pending;
  } finally {
    await client.end();
  }
}

async function refuseOldServer(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ number: number; name: string }>(
    "SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS name",
  );
  const version = rows[0];
  if (version !== undefined && version.number < oldestVersion) {
    throw new MigrationError(`PostgreSQL ${version.name} is too old: Strongroom needs PostgreSQL 15 or newer.`);
  }
}

/** Compares `_prisma_migrations` with prisma/migrations, and refuses what cannot be continued. */
async function pendingMigrations(client: pg.Client): Promise<string[]> {
  const known = readMigrations().migrationDirectories.map((migration) => migration.path);
  const table = await client.query("SELECT to_regclass('_prisma_migrations') AS name");
  if (table.rows[0]?.name === null) return known;
  const { rows } = await client.query<{ name: string; finished: boolean }>(
    `SELECT migration_name AS name, finished_at IS NOT NULL AS finished
       FROM _prisma_migrations WHERE rolled_back_at IS NULL`,
  );
  const newer = rows.find((row) => !known.includes(row.name));
  if (newer !== undefined) {
    throw new MigrationError(`The database was migrated by a newer Strongroom (${newer.name}): start that version.`);
  }
  // Killed half way: its script was rolled back whole (see noteEnd), so it is simply due again.
  await client.query(
    "UPDATE _prisma_migrations SET rolled_back_at = now() WHERE finished_at IS NULL AND rolled_back_at IS NULL",
  );
  const applied = rows.filter((row) => row.finished).map((row) => row.name);
  return known.filter((name) => !applied.includes(name));
}

async function apply(databaseUrl: string): Promise<void> {
  const { engine, close } = await openSchemaEngine(databaseUrl, {
    aroundScript: { before: `SELECT pg_advisory_xact_lock(${scriptLock})`, after: noteEnd },
  });
  try {
    await engine.applyMigrations({ migrationsList: readMigrations(), filters: noFilter });
  } catch (error) {
    throw new MigrationError(`A migration failed: ${reasonOf(error)}`);
  } finally {
    await close();
  }
}

function reasonOf(error: unknown): string {
  // A refused connection to a name with two addresses is an AggregateError with an empty message.
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}
