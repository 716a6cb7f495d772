import { afterAll, beforeAll, inject } from "vitest";
import { createTestDatabase, databaseUrlOf, dropTestDatabase } from "./test-database.ts";
import { openTestWorld, type TestWorld } from "./test-world.ts";

type Outcome = { result?: { state?: string } | undefined; tasks?: readonly Outcome[] };

function hasFailed(task: Outcome): boolean {
  return task.result?.state === "fail" || (task.tasks ?? []).some(hasFailed);
}

/**
 * Gives the test file (or describe) a world of its own; call at the top, and the getter inside tests. The
 * database is dropped when all tests passed and kept for a look when one failed.
 */
export function useTestDatabase(): () => TestWorld {
  const serverUrl = inject("databaseServerUrl");
  let world: TestWorld | undefined;
  let name: string;
  beforeAll(async () => {
    name = await createTestDatabase(serverUrl, inject("databaseTemplate"));
    world = openTestWorld(databaseUrlOf(serverUrl, name));
  });
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads the fixtures that a hook wants from this pattern.
  afterAll(async ({}, suite) => {
    await world?.close();
    if (hasFailed(suite)) console.info(`Kept for a look, until the next runs: ${databaseUrlOf(serverUrl, name)}`);
    else await dropTestDatabase(serverUrl, name);
  });
  return () => {
    if (world === undefined) throw new Error("The test world exists inside tests and hooks only.");
    return world;
  };
}
