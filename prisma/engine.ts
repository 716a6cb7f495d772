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
  readonly #around: { before: string; after: string };

  constructor(databaseUrl: string, around: { before: string; after: string }) {
    const pool = new Pool({ connectionString: databaseUrl, max: 2 });
    super(pool);
    this.pool = pool;
    this.#around = around;
  }

  override async connect() {
    const adapter = await super.connect();
    adapter.executeScript = async (script) => {
      await this.pool.query(`${this.#around.before};\n${script}\n;${this.#around.after}`);
    };
    return adapter;
  }
}

type Glue = { SchemaEngine: { new: (...args: unknown[]) => Promise<SchemaEngine> } };

/** The package keeps its one instance in a global of its own: a second one would break the first. */
let glue: Promise<Glue> | undefined;

/** The engine leaves a timer of ten seconds behind, for which a command would wait at its end. */
function withoutWaiting(module: Record<string, WebAssembly.ImportValue>): WebAssembly.ModuleImports {
  const setTimer = (callback: () => void, delayMs: number) => setTimeout(callback, delayMs).unref();
  const isTimer = (name: string) => name.startsWith("__wbg_setTimeout_");
  return Object.fromEntries(Object.entries(module).map(([name, value]) => [name, isTimer(name) ? setTimer : value]));
}

async function loadGlue(): Promise<Glue> {
  const module = await import(join(packageDir, "schema_engine_bg.js"));
  const bytes = readFileSync(join(packageDir, "schema_engine_bg.wasm"));
  const { instance } = await WebAssembly.instantiate(bytes, { "./schema_engine_bg.js": withoutWaiting(module) });
  module.__wbg_set_wasm(instance.exports);
  (instance.exports.__wbindgen_start as () => void)(); // the entry of every module that wasm-bindgen makes
  return module;
}

/** Prisma's schema engine on one database. Close it, or the process stays. */
export type OpenEngine = { engine: SchemaEngine; close: () => Promise<void> };

type EngineOptions = {
  /** Prisma schema files, as path and content, for commands that compare schemas. */
  schemas?: [string, string][];
  /** SQL that runs before and after every script, in its transaction. */
  aroundScript?: { before: string; after: string };
};

/** Prisma filters for objects that other owners manage; the archive has none. */
export const noFilter: SchemaFilter = { externalTables: [], externalEnums: [] };

/**
 * Opens Prisma's schema engine on a database. The connection is made at the first command that needs it.
 *
 * @param databaseUrl connection string of PostgreSQL 15 or newer
 */
export async function openSchemaEngine(databaseUrl: string, options: EngineOptions = {}): Promise<OpenEngine> {
  glue ??= loadGlue();
  const { SchemaEngine } = await glue;
  const adapter = new WholeScriptAdapter(databaseUrl, options.aroundScript ?? { before: "", after: "" });
  const engine: SchemaEngine = await SchemaEngine.new(
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
