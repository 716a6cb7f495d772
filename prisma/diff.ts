// Writes the SQL from one Prisma schema to another to standard output: `node prisma/diff.ts OLD NEW`, or
// `node prisma/diff.ts NEW` for the SQL of a whole schema. What Prisma cannot express is added by hand.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { noFilter, openSchemaEngine } from "./engine.ts";

const paths = process.argv.slice(2).map((path) => resolve(path));
const schemas = paths.map((path): [string, string] => [path, readFileSync(path, "utf8")]);
const asTarget = ([path, content]: [string, string]) => ({
  tag: "schemaDatamodel" as const,
  files: [{ path, content }],
});
const [first, second] = schemas;
if (first === undefined) {
  console.error("Usage: node prisma/diff.ts [OLD_SCHEMA] NEW_SCHEMA");
  process.exit(2);
}
const databaseUrl = process.env.DATABASE_URL;
if (databaseUrl === undefined) {
  console.error("Set DATABASE_URL to any running PostgreSQL; nothing is written to it.");
  process.exit(2);
}
const { engine, close } = await openSchemaEngine(databaseUrl, { schemas });
const result = await engine.diff({
  from: second === undefined ? { tag: "empty" } : asTarget(first),
  to: asTarget(second ?? first),
  script: true,
  exitCode: null,
  filters: noFilter,
});
process.stdout.write(result.stdout ?? "");
await close();
