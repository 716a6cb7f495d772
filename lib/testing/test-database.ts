import { createHash, randomBytes } from "node:crypto";
import pg from "pg";
import { readMigrations } from "../../prisma/engine.ts";
import { migrate } from "../../prisma/migrate.ts";

const buildLock = "5783900214478129";
const keepFailedMs = 2 * 60 * 60 * 1000;

/** The same server, another database. */
export function databaseUrlOf(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** Runs `work` with a connection to the server's own database. */
async function onServer<T>(serverUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * Makes sure that the server has a migrated template for these migrations, and removes what failed tests left
 * behind long ago. Safe with several test runs at once.
 *
 * @returns the template's name
 */
export async function prepareTemplate(serverUrl: string): Promise<string> {
  const digest = createHash("sha256").update(JSON.stringify(readMigrations().migrationDirectories)).digest("hex");
  const name = `strongroom_template_${digest.slice(0, 12)}`;
  await onServer(serverUrl, async (client) => {
    await client.query("SELECT pg_advisory_lock($1)", [buildLock]);
    await removeLeftOvers(client);
    const found = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]);
    if (found.rowCount !== 0) return;
    const draft = `${name}_draft`;
    await client.query(`DROP DATABASE IF EXISTS ${draft} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${draft}`);
    await migrate(databaseUrlOf(serverUrl, draft));
    await client.query(`ALTER DATABASE ${draft} RENAME TO ${name}`);
  });
  return name;
}

async function removeLeftOvers(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT datname AS name FROM pg_database WHERE datname ~ '^strongroom_test_[0-9]+_'",
  );
  for (const { name } of rows) {
    const madeAt = Number(name.split("_")[2]);
    if (madeAt < Date.now() - keepFailedMs) await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  }
}

/** Clones the template; the name says when, so that left-overs can be told from databases in use. */
export async function createTestDatabase(serverUrl: string, template: string): Promise<string> {
  const name = `strongroom_test_${Date.now()}_${randomBytes(4).toString("hex")}`;
  await onServer(serverUrl, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`));
  return name;
}

/** Drops a test's database. */
export async function dropTestDatabase(serverUrl: string, name: string): Promise<void> {
  await onServer(serverUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
}
