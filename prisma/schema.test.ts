import { readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { databaseUrlOf, useTestDatabase } from "../lib/testing/index.ts";
import { noFilter, openSchemaEngine } from "./engine.ts";
import { type Case, checks, partialUniques, type Script, triggers } from "./testing/cases.ts";
import { catalogOf } from "./testing/catalog.ts";
import { type Fixture, makeFixture } from "./testing/fixture.ts";

const schemaPath = join(import.meta.dirname, "schema.prisma");
const schema = readFileSync(schemaPath, "utf8");

describe("the database", () => {
  const world = useTestDatabase();
  let client: pg.Client;
  let fixture: Fixture;

  beforeAll(async () => {
    client = new pg.Client({ connectionString: world().databaseUrl });
    await client.connect();
    fixture = await makeFixture(world().db);
  });
  afterAll(() => client.end());

  /** Runs statements in a transaction that is rolled back; returns the error of the last, if it has one. */
  async function attempt(script: Script): Promise<pg.DatabaseError | null> {
    const statements = [script].flat();
    const last = statements.pop() ?? "";
    await client.query("BEGIN");
    try {
      for (const statement of statements) await client.query(statement);
      await client.query(last);
      return null;
    } catch (error) {
      if (error instanceof pg.DatabaseError) return error;
      throw error;
    } finally {
      await client.query("ROLLBACK");
    }
  }

  const names = (cases: Case[]) => cases.map((item) => [item.name, item] as const);

  test.each(names([...checks, ...partialUniques]))("%s refuses and lets pass", async (name, item) => {
    for (const script of item.refuses(fixture)) {
      expect((await attempt(script))?.constraint, [script].flat().at(-1)).toBe(name);
    }
    expect(await attempt(item.allows(fixture))).toBeNull();
  });

  test.each(names(triggers))("%s refuses and lets pass", async (_, item) => {
    for (const script of item.refuses(fixture)) {
      expect((await attempt(script))?.code, [script].flat().at(-1)).toBe("23001"); // restrict_violation
    }
    expect(await attempt(item.allows(fixture))).toBeNull();
  });

  test("has a case here for each check, partial unique and trigger", async () => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT conname AS name FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace
       UNION SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
       UNION SELECT relname FROM pg_index JOIN pg_class ON oid = indexrelid WHERE indisunique AND indpred IS NOT NULL
         AND relnamespace = 'public'::regnamespace`,
    );
    const tested = [...checks, ...partialUniques, ...triggers].map((item) => item.name);
    expect(rows.map((row) => row.name).sort()).toEqual(tested.sort());
    for (const name of tested) expect(schema, `${name} is named in schema.prisma`).toContain(name);
  });

  test("has everything that the schema names after SQL:", async () => {
    const named = schema
      .split("\n")
      .filter((line) => line.includes("///"))
      .join(" ")
      .replaceAll("///", " ")
      .split("SQL:")
      .slice(1)
      .flatMap((text) => text.split(/\.\s|\.$/)[0]?.match(/\b[a-z]+(_[a-z]+)+\b/g) ?? []);
    expect(named.length).toBeGreaterThan(40);
    const { rows } = await client.query<{ name: string }>(
      "SELECT conname AS name FROM pg_constraint UNION SELECT tgname FROM pg_trigger UNION SELECT relname FROM pg_class",
    );
    const existing = new Set(rows.map((row) => row.name));
    expect(named.filter((name) => !existing.has(name))).toEqual([]);
  });

  test("is append-only for custody, also for its owner and in replica mode", async () => {
    for (const statement of ["UPDATE custody_event SET action = 'x'", "DELETE FROM custody_event"]) {
      expect((await attempt(["SET LOCAL session_replication_role = replica", statement]))?.code).toBe("23001");
    }
    expect((await attempt("TRUNCATE custody_event CASCADE"))?.code).toBe("23001");
    await client.query("SELECT 1 FROM custody_event");
  });

  test("after all migrations is exactly what schema.prisma says, and what it names after SQL:", async () => {
    const empty = `${new URL(world().databaseUrl).pathname.slice(1)}_schema`;
    const fresh = new pg.Client({ connectionString: databaseUrlOf(world().databaseUrl, empty) });
    await client.query(`CREATE DATABASE ${empty}`);
    try {
      await fresh.connect();
      await fresh.query(await sqlOf(schema));
      const [migrated, wanted] = [await catalogOf(client), await catalogOf(fresh)];
      expect(wanted.filter((line) => !migrated.includes(line))).toEqual([]);
      const more = migrated.filter((line) => !wanted.includes(line));
      expect(more.filter((line) => !schema.includes(line.match(/INDEX (\w+)/)?.[1] ?? line))).toEqual([]);
    } finally {
      await fresh.end();
      await client.query(`DROP DATABASE ${empty}`);
    }
  });

  /** The SQL that Prisma itself would write for the whole schema. */
  async function sqlOf(content: string): Promise<string> {
    const files: [string, string][] = [[schemaPath, content]];
    const { engine, close } = await openSchemaEngine(world().databaseUrl, { schemas: files });
    try {
      const { stdout } = await engine.diff({
        from: { tag: "empty" },
        to: { tag: "schemaDatamodel", files: [{ path: schemaPath, content }] },
        script: true,
        exitCode: null,
        filters: noFilter,
      });
      return stdout ?? "";
    } finally {
      await close();
    }
  }
});
