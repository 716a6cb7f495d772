import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { startPostgres } from "../postgres/index.ts";
import { prepareTemplate } from "./test-database.ts";

/** Kept between runs, because making a cluster takes longer than starting one. */
const testDir = join(import.meta.dirname, "../../.cache/test");

declare module "vitest" {
  interface ProvidedContext {
    databaseServerUrl: string;
    databaseTemplate: string;
  }
}

/** Before the first integration test: a PostgreSQL server with a migrated template on it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.TEST_DATABASE_URL;
  const embedded = given === undefined ? await startPostgres(testDir, "fast") : null;
  const serverUrl = embedded?.url ?? given ?? "";
  project.provide("databaseServerUrl", serverUrl);
  project.provide("databaseTemplate", await prepareTemplate(serverUrl));
  return async () => embedded?.stop();
}
