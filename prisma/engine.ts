import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PrismaPg } from "@prisma/adapter-pg";
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";
import type { MigrationList, SchemaEngine, SchemaFilter } from "@prisma/schema-engine-wasm";
import { Pool } from "pg";

// Prisma's own engine binary comes by download, which closed networks refuse. The same engine ships as
// WebAssembly in a package; Node has no loader for its bundler-style entry, so it is instantiated by hand.
const packageDir = join(import.meta.dirname, "../node_modules/@prisma/schema-engine-wasm");

/**
 * The adapter cuts a script at every semicolon, which breaks function bodies. PostgreSQL takes a whole script
 * in one message, and runs it in one transaction.
 */
class WholeScriptAdapter extends PrismaPg {
  readonly pool: Pool;
  readonly #afterScript: string;

  constructor(databaseUrl: string, afterScript: string) {
    const pool = new Pool({ connectionString: databaseUrl, max: 2 });
    super(pool);
    this.pool = pool;
    this.#afterScript = afterScript;
  }

  override async connect() {
    const adapter = await super.connect();
    adapter.executeScript = async (script) => {
      await this.pool.query(`${script}\n;${this.#afterScript}`);
    };
    return adapter;
  }
}

/** Prisma's schema engine on one database. Close it, or the process stays. */
export type OpenEngine = { engine: SchemaEngine; close: () => Promise<void> };

type EngineOptions = {
  /** Prisma schema files, as path and content, for commands that compare schemas. */
  schemas?: [string, string][];
  /** SQL that runs at the end of every script, in its transaction. */
  afterScript?: string;
};

/** Prisma filters for objects that other owners manage; the archive has none. */
export const noFilter: SchemaFilter = { externalTables: [], externalEnums: [] };

/**
 * Opens Prisma's schema engine on a database. The connection is made at the first command that needs it.
 *
 * @param databaseUrl connection string of PostgreSQL 15 or newer
 */
export async function openSchemaEngine(databaseUrl: string, options: EngineOptions = {}): Promise<OpenEngine> {
  const glue = await import(join(packageDir, "schema_engine_bg.js"));
  const bytes = readFileSync(join(packageDir, "schema_engine_bg.wasm"));
  const { instance } = await WebAssembly.instantiate(bytes, { "./schema_engine_bg.js": glue });
  glue.__wbg_set_wasm(instance.exports);
  (instance.exports.__wbindgen_start as () => void)();
  const adapter = new WholeScriptAdapter(databaseUrl, options.afterScript ?? "");
  const engine: SchemaEngine = await glue.SchemaEngine.new(
    { datamodels: options.schemas },
    () => undefined,
    bindMigrationAwareSqlAdapterFactory(adapter),
  );
  return { engine, close: () => adapter.pool.end() };
}

/** Reads prisma/migrations in the shape that the engine takes. */
export function readMigrations(): MigrationList {
  const baseDir = join(import.meta.dirname, "migrations");
  const read = (path: string) => ({ tag: "ok" as const, value: readFileSync(join(baseDir, path), "utf8") });
  const names = readdirSync(baseDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  return {
    baseDir,
    lockfile: { path: "migration_lock.toml", content: readFileSync(join(baseDir, "migration_lock.toml"), "utf8") },
    shadowDbInitScript: "",
    migrationDirectories: names.map((path) => ({
      path,
      migrationFile: { path: "migration.sql", content: read(`${path}/migration.sql`) },
    })),
  };
}
