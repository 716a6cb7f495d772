import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { databaseUrlOf } from "../lib/testing/index.ts";
import { readMigrations } from "./engine.ts";
import { MigrationError, migrate } from "./migrate.ts";

const all = readMigrations().migrationDirectories.map((migration) => migration.path);
const name = `strongroom_test_${Date.now()}_migrate`;

describe("migrating at start", () => {
  let server: pg.Client;
  let url: string;

  beforeAll(async () => {
    server = new pg.Client({ connectionString: inject("databaseServerUrl") });
    await server.connect();
    url = databaseUrlOf(inject("databaseServerUrl"), name);
  });
  beforeEach(async () => {
    await server.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await server.query(`CREATE DATABASE ${name}`);
  });
  afterAll(async () => {
    await server.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await server.end();
  });

  async function run(sql: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** Another process that migrates, as a second server does. */
  function migrateElsewhere() {
    const script = `import { migrate } from ${JSON.stringify(join(import.meta.dirname, "migrate.ts"))};
      console.log(JSON.stringify(await migrate(${JSON.stringify(url)})));`;
    return spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "ignore"] });
  }

  test("applies everything once, in order", async () => {
    expect(await migrate(url)).toEqual(all);
    expect(await migrate(url)).toEqual([]);
    const rows = await run("SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL ORDER BY 1");
    expect(rows.map((row) => row.migration_name)).toEqual(all);
  });

  test("lets several servers start at once", async () => {
    const servers = [migrateElsewhere(), migrateElsewhere(), migrateElsewhere()];
    const answers = await Promise.all(servers.map(async (child) => JSON.parse(await text(child.stdout))));
    expect(answers.sort((a, b) => b.length - a.length)).toEqual([all, [], []]);
  });

  test("survives being killed at any moment", async () => {
    for (let delayMs = 150; delayMs < 450; delayMs += 50) {
      await server.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await server.query(`CREATE DATABASE ${name}`);
      const child = migrateElsewhere();
      const exit = once(child, "exit");
      await sleep(delayMs);
      child.kill("SIGKILL");
      await exit;
      await migrate(url);
      const rows = await run("SELECT DISTINCT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL");
      expect(rows).toHaveLength(all.length);
      expect(await run("SELECT count(*)::int AS n FROM recording")).toEqual([{ n: 0 }]);
    }
  });

  test("does again what was cut off in the middle", async () => {
    await migrate(url);
    // As a killed start leaves it: the first migration's row is there, and its script was rolled back.
    await run(`CREATE SCHEMA kept; ALTER TABLE _prisma_migrations SET SCHEMA kept;
      DROP SCHEMA public CASCADE; CREATE SCHEMA public; ALTER TABLE kept._prisma_migrations SET SCHEMA public;
      DELETE FROM _prisma_migrations WHERE migration_name <> '${all[0]}';
      UPDATE _prisma_migrations SET finished_at = NULL`);
    expect(await migrate(url)).toEqual(all);
    expect(await migrate(url)).toEqual([]);
  });

  test("refuses a database that a newer version migrated", async () => {
    await migrate(url);
    await run(`INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at)
               VALUES ('x', 'x', '99990101000000_later', now())`);
    await expect(migrate(url)).rejects.toThrow(/newer Strongroom \(99990101000000_later\)/);
  });

  test("says what is wrong when the database cannot be reached", async () => {
    await expect(migrate("postgresql://strongroom@127.0.0.1:1/x")).rejects.toThrow(MigrationError);
    await expect(migrate("postgresql://strongroom@127.0.0.1:1/x")).rejects.toThrow(/Check DATABASE_URL/);
  });
});
