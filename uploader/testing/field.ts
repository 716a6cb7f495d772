import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeDevice } from "../../lib/testing/factories/devices.ts";
import { type TestWorld, useTestDatabase } from "../../lib/testing/index.ts";
import { type ApiServer, startApiServer } from "../../server/testing/start-api-server.ts";
import { Gate } from "./gate.ts";
import { type FieldFile, judgeField } from "./judge-field.ts";
import { SpawnedUploader } from "./spawned-uploader.ts";
import { randomBytes } from "./uploader-world.ts";

/** Short leases, so that an upload whose writer died is free again soon. */
const timing = { leaseMs: 1_200, renewMs: 300, checkpointMs: 100 };

type StartOptions = {
  /** Address to send to; default the gate. */
  server?: string;
  environment?: Record<string, string>;
  /** What runs the bundle, such as strace with its arguments and a Node. */
  node?: readonly string[];
};

/** One device in front of the real archive, with a gate between them. */
export class Field {
  readonly world: TestWorld;
  readonly gate: Gate;
  readonly folder: string;
  readonly stateFolder: string;
  readonly files: FieldFile[] = [];
  readonly device: { id: string; token: string };
  /** Where requests that pass the gate go. */
  target: string;
  /** Uploads with bytes that nobody goes on with, when this test is over. */
  mayLeaveOpen = 0;
  readonly #bundle: string;
  readonly #started: SpawnedUploader[] = [];
  readonly #servers: ApiServer[] = [];

  private constructor(over: {
    world: TestWorld;
    gate: Gate;
    folder: string;
    device: { id: string; token: string };
    bundle: string;
    target: string;
  }) {
    this.world = over.world;
    this.gate = over.gate;
    this.folder = over.folder;
    this.stateFolder = join(over.folder, "state");
    this.device = over.device;
    this.target = over.target;
    this.#bundle = over.bundle;
  }

  /** A new device with an empty card. */
  static async open(world: TestWorld, server: string, bundle: string): Promise<Field> {
    const folder = await mkdtemp(join(tmpdir(), "field-"));
    await mkdir(join(folder, "card"));
    const box: { field?: Field } = {};
    const gate = await Gate.open(() => box.field?.target ?? server);
    const field = new Field({ world, gate, folder, device: await makeDevice(world.db), bundle, target: server });
    box.field = field;
    return field;
  }

  /** The watched folder. */
  get card(): string {
    return join(this.folder, "card");
  }

  /** Makes a recording of random bytes, which must arrive unless said otherwise. */
  async make(name: string, sizeBytes: number, over: Partial<FieldFile> & { seed?: number } = {}): Promise<FieldFile> {
    const { seed = this.files.length + 1, ...facts } = over;
    return this.put(name, randomBytes(sizeBytes, seed), facts);
  }

  /** Writes a recording onto the card. */
  async put(name: string, content: Uint8Array, over: Partial<FieldFile> = {}): Promise<FieldFile> {
    const path = join(this.card, name);
    await writeFile(path, content);
    const sha256 = createHash("sha256").update(content).digest("hex");
    const file: FieldFile = { path, sha256, sizeBytes: content.length, must: "arrive", isTaken: false, ...over };
    this.files.push(file);
    return file;
  }

  /** Starts an uploader of this device; it is killed after the test. */
  start(
    args: readonly string[],
    { server = this.gate.url, environment = {}, node = [process.execPath] }: StartOptions = {},
  ) {
    const uploader = new SpawnedUploader(
      this.#bundle,
      args,
      {
        STRONGROOM_SERVER: server,
        STRONGROOM_TOKEN: this.device.token,
        STRONGROOM_STATE_DIR: this.stateFolder,
        ...environment,
      },
      node,
    );
    this.#started.push(uploader);
    return uploader;
  }

  /** Pushes a file, in chunks of 400 kB, and waits for its seal. */
  push(file: FieldFile, flags: readonly string[] = [], options: StartOptions = {}): SpawnedUploader {
    return this.start(["push", file.path, "--settle", "0", "--chunk-size", "400000", ...flags], options);
  }

  /** Starts the daemon on the card. */
  run(flags: readonly string[] = [], options: StartOptions = {}): SpawnedUploader {
    const args = ["run", "--watch", this.card, "--settle", "0.2", "--rescan", "1", "--chunk-size", "400000", ...flags];
    return this.start(args, options);
  }

  /** A second server on the same archive, for a test that kills it. */
  async startServer(): Promise<ApiServer> {
    const { databaseUrl, dir: dataDir } = this.world;
    const server = await startApiServer({
      databaseUrl,
      dataDir,
      timing,
      hasRoutes: true,
      hasWorkers: false,
      settings: quiet,
    });
    this.#servers.push(server);
    return server;
  }

  /** The recordings of this device, oldest first. */
  recordings() {
    return this.world.db.recording.findMany({
      where: { deviceId: this.device.id },
      include: { upload: true },
      orderBy: { createdAt: "asc" },
    });
  }

  /** What is broken of the five that always hold; call when the faults are over. */
  judge(): Promise<string[]> {
    return judgeField({ ...this, deviceId: this.device.id });
  }

  /** All that was said, for whoever has to find out why a row failed. */
  story(): string {
    const requests = this.gate.requests.map(
      ({ method, path, bodyBytes, status, atMs }) => `${Math.round(atMs)} ${method} ${path} ${bodyBytes} B: ${status}`,
    );
    const said = this.#started.map(({ events, child }) => [
      `${child.spawnargs.join(" ")}: ${child.exitCode ?? child.signalCode ?? "runs"}`,
      ...events.map((event) => JSON.stringify(event)),
    ]);
    return [...requests, ...said.flat()].join("\n");
  }

  async close(): Promise<void> {
    for (const uploader of this.#started) await uploader.kill();
    for (const server of this.#servers) await server.kill();
    await this.gate.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

const quiet = { LOG_LEVEL: "silent" };

type Work = (field: Field) => Promise<void>;
type RowOptions = { timeoutMs?: number; skip?: string | null };
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
    const { databaseUrl, dir: dataDir } = world();
    server = await startApiServer({ databaseUrl, dataDir, timing, hasRoutes: true, settings: quiet });
  });
  afterAll(async () => {
    await server?.stop();
    await rm(bundleFolder, { recursive: true, force: true });
  });
  return (name, work, { timeoutMs = 60_000, skip = null } = {}) => {
    it.concurrent(name, { timeout: timeoutMs }, async (context) => {
      context.skip(skip !== null, skip ?? "");
      const field = await Field.open(world(), server?.url ?? "", join(bundleFolder, "strongroom-uploader.mjs"));
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
