import type { TestProject } from "vitest/node";
import { prepareTemplate } from "./test-database.ts";

declare module "vitest" {
  interface ProvidedContext {
    databaseServerUrl: string;
    databaseTemplate: string;
  }
}

/** Before the first integration test: a PostgreSQL server with a migrated template on it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const serverUrl = process.env.TEST_DATABASE_URL;
  if (serverUrl === undefined) throw new Error("Set TEST_DATABASE_URL.");
  project.provide("databaseServerUrl", serverUrl);
  project.provide("databaseTemplate", await prepareTemplate(serverUrl));
  return async () => undefined;
}
