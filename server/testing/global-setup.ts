import { rm } from "node:fs/promises";
import { join } from "node:path";
import { bundleApiServer } from "./bundle-api-server.ts";

/** Before the first integration test: the server process that many of them start, as one file. */
export default async function setup(): Promise<() => Promise<void>> {
  const bundle = join(import.meta.dirname, `../../.cache/test/api-server-${process.pid}.mjs`);
  await bundleApiServer(bundle);
  process.env.TEST_API_SERVER = bundle;
  return () => rm(bundle, { force: true });
}
