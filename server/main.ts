import next from "next";
import { EnvError, readEnv } from "../lib/env.ts";
import { openServices } from "../lib/open-services.ts";
import { ensureSetupLink } from "../lib/people/index.ts";
import { PostgresError } from "../lib/postgres/index.ts";
import { provideServices, type Services } from "../lib/services.ts";
import { VaultError } from "../lib/vault.ts";
import { MigrationError } from "../prisma/migrate.ts";
import { createArchiveServer } from "./create-server.ts";
import { ListenError, listen } from "./listen.ts";
import { Monitor } from "./monitor/index.ts";
import { stopOnSignal } from "./stop-on-signal.ts";
import { prepareKeys, startWorkers } from "./workers.ts";

/** Prints the one-time link while the archive has nobody who could sign in. */
async function printSetupLink(services: Services, url: string): Promise<void> {
  const secret = await ensureSetupLink(services.db, services.clock);
  if (secret !== null) console.log(`This archive is empty. Create its first administrator: ${url}/setup/${secret}`);
}

async function main(): Promise<void> {
  const env = readEnv();
  const isDevelopment = env.mode === "development";
  const monitor = new Monitor({ ofProcess: true });
  const services = await openServices(env, monitor);
  try {
    provideServices(services);
    await prepareKeys(services);
    const web = next({ dev: isDevelopment, hostname: env.host, port: env.port });
    const handle = web.getRequestHandler();
    // Next gives no answer at all to a request that comes before it is prepared: such a request waits here.
    const pages = Promise.withResolvers<void>();
    const server = createArchiveServer({
      services,
      monitor,
      isStarting: true,
      next: (request, response) => void pages.promise.then(() => handle(request, response)),
    });
    const close = async () => {
      await web.close();
      await services.close();
    };
    stopOnSignal({ server, close, graceMs: env.stopGraceMs, log: services.log });
    // Before the pages: a used port is found here, with everything closed again, and uploads need no pages.
    const port = await listen(server.http, env.host, env.port);
    await web.prepare();
    pages.resolve();
    if (isDevelopment) server.http.on("upgrade", web.getUpgradeHandler());
    const url = env.port === 0 ? `http://localhost:${port}` : env.publicUrl;
    await startWorkers(services);
    server.started();
    console.log(`Strongroom is ready: ${url}`);
    await printSetupLink(services, url);
  } catch (error) {
    await services.close();
    throw error;
  }
}

main().catch((error: unknown) => {
  const isOperators = [EnvError, PostgresError, MigrationError, ListenError, VaultError].some(
    (type) => error instanceof type,
  );
  console.error(isOperators && error instanceof Error ? error.message : error);
  process.exit(1);
});
