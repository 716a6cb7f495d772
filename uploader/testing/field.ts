import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../lib/clock.ts";
import { makeEnrolmentCode } from "../../lib/devices/index.ts";
import { makeDevice } from "../../lib/testing/factories/devices.ts";
import type { TestWorld } from "../../lib/testing/test-world.ts";
import { type ApiServer, startApiServer } from "../../server/testing/start-api-server.ts";
import { Gate } from "./gate.ts";
import { type FieldFile, judgeField } from "./judge-field.ts";
import { randomBytes } from "./random-bytes.ts";
import { SpawnedUploader } from "./spawned-uploader.ts";

/** Short leases, so that an upload whose writer died is free again soon. */
const timing = { leaseMs: 1_200, renewMs: 300, checkpointMs: 100 };

/** Starts the archive that fields use: with what devices ask of the web app, and short leases. */
export function startFieldServer(
  { databaseUrl, dir: dataDir }: TestWorld,
  { hasWorkers = true, port = 0 }: { hasWorkers?: boolean; port?: number } = {},
): Promise<ApiServer> {
  // Here a thousand devices have one address.
  const settings = { LOG_LEVEL: "silent", MAX_CONNECTIONS_PER_ADDRESS: "4000", MAX_CONNECTIONS: "4000" };
  return startApiServer({ databaseUrl, dataDir, port, timing, hasRoutes: true, hasWorkers, settings });
}

type FieldOptions = {
  world: TestWorld;
  /** Address of the archive. */
  server: string;
  bundle: string;
  /** A device with a plain token signs nothing. */
  identity: "enrolled" | "token";
  /** The address that the uploader knows; left out: the gate. */
  via?: string;
  /** Where its card and its state are; left out: in the folder for what is temporary. */
  folder?: string;
};

type StartOptions = {
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
  /** `token`: the plain one of a device that is not enrolled; null: its key buys tokens. */
  device: { id: string; token: string | null } = { id: "", token: null };
  /** Where requests that pass the gate go. */
  target: string;
  /** Uploads with bytes that nobody goes on with, when this test is over. */
  mayLeaveOpen = 0;
  readonly #bundle: string;
  readonly #url: string;
  readonly #started: SpawnedUploader[] = [];
  readonly #servers: ApiServer[] = [];

  private constructor(over: {
    world: TestWorld;
    gate: Gate;
    folder: string;
    bundle: string;
    target: string;
    url: string;
  }) {
    this.world = over.world;
    this.gate = over.gate;
    this.folder = over.folder;
    this.stateFolder = join(over.folder, "state");
    this.target = over.target;
    this.#bundle = over.bundle;
    this.#url = over.url;
  }

  /** A new device with an empty card. */
  static async open({ world, server, bundle, identity, via, folder: within }: FieldOptions): Promise<Field> {
    const folder = await mkdtemp(join(within ?? tmpdir(), "field-"));
    await mkdir(join(folder, "card"));
    const box: { field?: Field } = {};
    const gate = await Gate.open(() => box.field?.target ?? server);
    const field = new Field({ world, gate, folder, bundle, target: server, url: via ?? gate.url });
    box.field = field;
    if (identity === "token") field.device = await makeDevice(world.db);
    else await field.#enrol();
    return field;
  }

  async #enrol(): Promise<void> {
    const { code } = await makeEnrolmentCode(this.world.context(undefined, { clock: systemClock }), {}, this.#url);
    const { events, stderr } = await this.start(["enrol", "--server", this.#url, "--code", code]).ended;
    const [said] = events as unknown as { device?: string }[]; // one object that is no event
    if (said?.device === undefined) throw new Error(`The device was not enrolled: ${stderr}`);
    this.device = { id: said.device, token: null };
    this.gate.requests.length = 0;
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
  start(args: readonly string[], { environment = {}, node = [process.execPath] }: StartOptions = {}) {
    const { token } = this.device;
    const uploader = new SpawnedUploader(
      this.#bundle,
      args,
      {
        ...(token === null ? {} : { STRONGROOM_SERVER: this.#url, STRONGROOM_TOKEN: token }),
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
    const server = await startFieldServer(this.world, { hasWorkers: false });
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
