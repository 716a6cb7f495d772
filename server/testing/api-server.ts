// A server process without the web pages, for tests that kill it. Started with fork(); its settings are the one
// argument, and its port is the first message it sends.
import { readEnv } from "../../lib/env.ts";
import { openServices } from "../../lib/open-services.ts";
import { provideServices } from "../../lib/services.ts";
import type { WriterTiming } from "../../lib/uploads/index.ts";
import { createArchiveServer } from "../create-server.ts";
import { listen } from "../listen.ts";
import { stopOnSignal } from "../stop-on-signal.ts";
import { prepareKeys, startWorkers } from "../workers.ts";
import { allowAppImports } from "./app-imports.ts";

/** What a test says about its server. */
export type ApiServerSettings = {
  databaseUrl: string;
  dataDir: string;
  /** Left out: any that is free. */
  port?: number;
  timing?: Partial<WriterTiming>;
  /** False: bytes are received, and nothing is read back. */
  hasWorkers?: boolean;
  /** True: it also answers what the routes under app/ answer programs. */
  hasRoutes?: boolean;
  /** Environment of the process beside its parent's. */
  environment?: Record<string, string>;
  /** Settings beside those that every test server has. */
  settings?: Record<string, string>;
};

const settings: ApiServerSettings = JSON.parse(process.argv[2] ?? "{}");
const env = readEnv({
  NODE_ENV: "test",
  DATABASE_URL: settings.databaseUrl,
  DATA_DIR: settings.dataDir,
  PORT: "0",
  LOG_LEVEL: "warn",
  // A test is faster than any device; what it wants limited it says.
  DEVICE_REQUESTS_PER_SECOND: "0",
  ...settings.settings,
});
const services = await openServices(env);
provideServices(services);
await prepareKeys(services);
const next = settings.hasRoutes === true ? await serveAppRoutes() : null;
const server = createArchiveServer({ services, next, timing: settings.timing ?? {} });
const port = await listen(server.http, "127.0.0.1", settings.port ?? 0);
if (settings.hasWorkers !== false) await startWorkers(services);
stopOnSignal({ server, close: services.close, graceMs: env.stopGraceMs, log: services.log });
process.send?.({ port });

async function serveAppRoutes() {
  allowAppImports();
  const { readWebRoutes, serveWebRoutes } = await import("./web-routes.ts");
  return serveWebRoutes(await readWebRoutes());
}
