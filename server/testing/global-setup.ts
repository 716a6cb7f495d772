import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleApiServer } from "./bundle-api-server.ts";

/** Before the first integration test: the server process that many of them start, as one file. */
export default async function setup(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "strongroom-server-"));
  process.env.TEST_API_SERVER = join(folder, "api-server.mjs");
  await bundleApiServer(process.env.TEST_API_SERVER);
  return () => rm(folder, { recursive: true, force: true });
}
