import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { useTestDatabase } from "../../lib/testing/index.ts";
import type { ApiServer } from "../../server/testing/start-api-server.ts";
import { Field, startFieldServer } from "./field.ts";

type Work = (field: Field) => Promise<void>;
type RowOptions = {
  timeoutMs?: number;
  /** Why it cannot be done here; null: it can. */
  skip?: string | null;
  /** Default enrolled; with a plain token nothing is signed. */
  identity?: "enrolled" | "token";
};
/** Writes one row of the fault table. */
type Row = (name: string, work: Work, options?: RowOptions) => void;

/**
 * Gives a block of fault tests one archive, and a way to write its rows: each has a device of its own, and after each
 * the five invariants are judged. Call at the top of it.
 */
export function useFaultTable(): Row {
  const world = useTestDatabase();
  let server: ApiServer | null = null;
  let bundleFolder = "";
  beforeAll(async () => {
    bundleFolder = await mkdtemp(join(tmpdir(), "field-bundle-"));
    const bundle = join(bundleFolder, "strongroom-uploader.mjs");
    execFileSync(process.execPath, [join(import.meta.dirname, "../build.mjs"), bundle]);
    server = await startFieldServer(world());
  });
  afterAll(async () => {
    await server?.stop();
    await rm(bundleFolder, { recursive: true, force: true });
  });
  return (name, work, { timeoutMs = 240_000, skip = null, identity = "enrolled" } = {}) => {
    it.concurrent(name, { timeout: timeoutMs }, async (context) => {
      context.skip(skip !== null, skip ?? "");
      const field = await Field.open({
        world: world(),
        server: server?.url ?? "",
        bundle: join(bundleFolder, "strongroom-uploader.mjs"),
        identity,
      });
      try {
        await within(timeoutMs - 10_000, work(field));
        expect(field.gate.unplayed, "faults that never happened").toBe(0);
        field.gate.heal();
        expect(await field.judge()).toEqual([]);
      } catch (error) {
        console.info(field.story());
        throw error;
      } finally {
        await field.close();
      }
    });
  };
}

// Sooner than the test's own end, which would tell nothing of what went on.
async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = sleep(timeoutMs, null, { signal: over.signal }).then(() => {
    throw new Error(`It did not come to its end within ${timeoutMs / 1000} s.`);
  });
  late.catch(() => undefined);
  return Promise.race([work, late]).finally(() => over.abort());
}
