import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPostgres } from "../../lib/postgres/index.ts";
import { openTestWorld, type TestWorld } from "../../lib/testing/test-world.ts";
import { migrate } from "../../prisma/migrate.ts";
import { withCleanUp } from "./clean-up.ts";

/** Does something in an empty archive that exists for it alone, on a database of its own. */
export async function inTortureWorld<T>(work: (world: TestWorld) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), "strongroom-torture-"));
  const postgres = await startPostgres(dir);
  const remove = async () => {
    await postgres.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  return withCleanUp(remove, async () => {
    await migrate(postgres.url);
    const world = openTestWorld(postgres.url);
    return withCleanUp(
      () => world.close(),
      () => work(world),
    );
  });
}
