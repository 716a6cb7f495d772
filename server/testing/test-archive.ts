import { request as httpRequest, type IncomingHttpHeaders, type RequestListener } from "node:http";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { readEnv } from "../../lib/env.ts";
import type { Log } from "../../lib/log.ts";
import { recordingKey } from "../../lib/recordings/index.ts";
import type { Services } from "../../lib/services.ts";
import { measuredStore } from "../../lib/storage/index.ts";
import { factories, type TestPerson, type TestWorld } from "../../lib/testing/index.ts";
import type { WriterTiming } from "../../lib/uploads/index.ts";
import { type ArchiveServer, createArchiveServer } from "../create-server.ts";
import { listen } from "../listen.ts";
import { Monitor } from "../monitor/index.ts";
import { makeSessionCookie } from "../session.ts";

/** An answer with its bytes. */
export type Fetched = { status: number; headers: IncomingHttpHeaders; bytes: Buffer };

/** A server of this process on a test's world, whose clock is the test's. */
export type TestArchive = ArchiveServer & {
  url: string;
  services: Services;
  /** Asks as a person, or as nobody, and reads the whole answer. */
  get(path: string, person: TestPerson | null, headers?: Record<string, string>, method?: string): Promise<Fetched>;
  /** The Cookie field of a person's new session. */
  cookie(person: TestPerson): Promise<string>;
};

type TestArchiveOptions = {
  /** The web pages; left out: there are none. */
  next?: RequestListener;
  /** Settings beside those that every test server has. */
  settings?: Record<string, string>;
  log?: Log;
  /** For tests that are in a hurry. */
  timing?: Partial<WriterTiming>;
};

/** Starts a server without background work. */
export async function startTestArchive(
  world: TestWorld,
  { next, settings = {}, log = world.context().log, timing = {} }: TestArchiveOptions = {},
): Promise<TestArchive> {
  const dataDir = join(world.dir, "data");
  const env = readEnv({
    NODE_ENV: "test",
    DATABASE_URL: world.databaseUrl,
    DATA_DIR: dataDir,
    LOG_LEVEL: "silent",
    ...settings,
  });
  const { db, sql, storage, clock, databaseUrl } = world;
  const jobs = Object.assign(world.jobs, {
    work: async () => undefined,
    stop: async () => undefined,
    backlog: async () => ({ count: 0, oldestSeconds: 0, stuckSeconds: 0 }),
    silentQueues: () => [],
  });
  const monitor = new Monitor();
  const services: Services = {
    env,
    databaseUrl,
    db,
    sql,
    storage: measuredStore(storage, monitor.metrics),
    jobs,
    clock,
    log,
    monitor,
    close: async () => undefined,
  };
  const server = createArchiveServer({ services, next: next ?? null, monitor, timing });
  const port = await listen(server.http, "127.0.0.1", 0);
  const url = `http://127.0.0.1:${port}`;
  const cookie = async (person: TestPerson) => {
    const { sessionEpoch } = await db.account.findUniqueOrThrow({ where: { id: person.accountId } });
    const { name, value } = await makeSessionCookie(services, { accountId: person.accountId, sessionEpoch });
    return `${name}=${value}`;
  };
  const get: TestArchive["get"] = async (path, person, headers = {}, method = "GET") => {
    const session = person === null ? {} : { Cookie: await cookie(person) };
    return new Promise((resolve, reject) => {
      const request = httpRequest(`${url}${path}`, { method, agent: false, headers: { ...session, ...headers } });
      request.once("error", reject);
      request.once("response", (response) => {
        buffer(response).then(
          (bytes) => resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes }),
          reject,
        );
      });
      request.end();
    });
  };
  return { ...server, url, services, get, cookie };
}

/** Makes a recording whose bytes are in storage. */
export async function makeStoredRecording(
  world: TestWorld,
  options: Parameters<typeof factories.makeRecording>[1] & { content: Uint8Array },
) {
  const recording = await factories.makeRecording(world.db, options);
  await world.storage.put(recordingKey(recording.id), options.content);
  return recording;
}
