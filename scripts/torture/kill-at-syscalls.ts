import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "../../e2e/support/proxy.ts";
import { checkArchive } from "../../lib/check/index.ts";
import { makeDevice } from "../../lib/testing/factories/devices.ts";
import type { TestWorld } from "../../lib/testing/test-world.ts";
import { sealRecording } from "../../lib/uploads/index.ts";
import { findUpload } from "../../server/testing/find-upload.ts";
import { type ApiServer, startApiServer } from "../../server/testing/start-api-server.ts";
import { type Answer, tusDevice } from "../../server/testing/tus-client.ts";
import { withCleanUp } from "./clean-up.ts";
import { type CallSet, callSets, setTrap } from "./tracer.ts";

type Options = {
  seed: number;
  /** Of each set: 1: every call; 7: each seventh. */
  strides: Record<CallSet, number>;
  say?: (line: string) => void;
};

/** What was done. Of each set of calls: how many kills until the upload passed untouched. */
export type SyscallFigures = {
  seed: number;
  kills: Record<CallSet, number>;
  offsetsChecked: number;
  /** Announcements that were committed when the kill swallowed their answer: empty, and they expire. */
  unansweredAnnouncements: number;
  emptyStrays: number;
};

const timing = { leaseMs: 900, renewMs: 200, checkpointMs: 50 };
const fileBytes = 900_000;
/** Ends of the PATCHes: inside a chunk, across one, and the rest. */
const ends = [300_000, 700_000, fileBytes];

/**
 * Uploads a small file again and again to a server that is killed at its first, second, third … system call that
 * writes, until one upload passes untouched. After each kill the client goes on at another server.
 *
 * @throws when a promise is not kept, the file does not arrive, or arrives twice
 */
export async function killAtSyscalls(world: TestWorld, { seed, strides, say }: Options): Promise<SyscallFigures> {
  const run = new Run(world, seed);
  return withCleanUp(
    () => run.close(),
    async () => {
      for (const set of Object.keys(callSets) as CallSet[])
        for (let nth = 1; await run.killAt(set, nth); nth += strides[set]) say?.(`killed at call ${nth} of ${set}`);
      return run.judge();
    },
  );
}

class Run {
  readonly #world: TestWorld;
  readonly #random: () => number;
  readonly #figures: SyscallFigures;
  #servers: Promise<ApiServer>[] = [];

  constructor(world: TestWorld, seed: number) {
    this.#world = world;
    this.#random = seededRandom(seed);
    this.#figures = {
      seed,
      kills: { storage: 0, words: 0 },
      offsetsChecked: 0,
      unansweredAnnouncements: 0,
      emptyStrays: 0,
    };
  }

  /** The one that runs, and one that is ready to take its place. */
  #server(): Promise<ApiServer> {
    const { databaseUrl, dir: dataDir } = this.#world;
    // One thread for the disk, so that its calls are counted in their order.
    const environment = { UV_THREADPOOL_SIZE: "1" };
    const settings = {
      databaseUrl,
      dataDir,
      timing,
      environment,
      hasWorkers: false,
      settings: { LOG_LEVEL: "silent" },
    };
    while (this.#servers.length < 2) this.#servers.push(startApiServer(settings));
    return this.#servers[0] ?? Promise.reject(new Error("there are two"));
  }

  /** Whether a kill at the nth call came before the upload was through. */
  async killAt(set: CallSet, nth: number): Promise<boolean> {
    let server = await this.#server();
    const { process } = server;
    const { token } = await makeDevice(this.#world.db);
    const file = Buffer.from(Array.from({ length: fileBytes }, () => this.#random() * 256));
    const client = new Client(() => server.url, token, file);
    const trap = await setTrap(process.pid ?? 0, set, nth);
    while (!client.isDone) {
      if (await client.goOn()) continue;
      assert.equal(process.signalCode ?? (await exitOf(process)), "SIGKILL");
      assert.ok(server.process === process, "the second server fails too");
      this.#servers.shift();
      server = await this.#server();
    }
    await trap.remove();
    await this.#expectOneRecording(client);
    this.#figures.offsetsChecked += client.offsetsChecked;
    const wasKilled = server.process !== process;
    if (wasKilled) this.#figures.kills[set] += 1;
    return wasKilled;
  }

  async #expectOneRecording({ sha256, location }: Client): Promise<void> {
    const { db, context } = this.#world;
    const declaredSha256 = Buffer.from(sha256, "hex");
    const { recordingId } = await findUpload(db, String(location));
    await sealRecording(context({ kind: "system", name: "torture" }), { recordingId: String(recordingId) });
    const rows = await db.recording.findMany({ where: { declaredSha256 }, include: { upload: true } });
    assert.deepEqual(
      rows.filter(({ state }) => state !== "receiving").map(({ id, state }) => [id, state]),
      [[recordingId, "sealed"]],
    );
    const unanswered = rows.filter(({ state }) => state === "receiving");
    assert.ok(
      unanswered.every(({ upload }) => upload?.offsetBytes === 0n),
      "bytes that nobody goes on with",
    );
    assert.ok(unanswered.length <= 1);
    this.#figures.unansweredAnnouncements += unanswered.length;
  }

  async judge(): Promise<SyscallFigures> {
    const problems: string[] = [];
    const { storage, context } = this.#world;
    const strays: string[] = [];
    await checkArchive(context({ kind: "system", name: "torture" }), "digest", {
      onProblem: ({ code, subject, found }) => {
        if (code === "blob_without_row") strays.push(subject);
        else problems.push(`${subject} ${code}: ${found}`);
      },
    });
    for (const key of strays) assert.equal(await storage.size(key), 0, `${key} holds bytes that no row names`);
    assert.deepEqual(problems, []);
    this.#figures.emptyStrays = strays.length;
    return this.#figures;
  }

  async close(): Promise<void> {
    for (const server of this.#servers) await (await server).kill();
  }
}

async function exitOf(process: ApiServer["process"]): Promise<NodeJS.Signals | null> {
  for (let waits = 0; process.signalCode === null && process.exitCode === null && waits < 200; waits++) await sleep(10);
  return process.signalCode;
}

/** A device that remembers what it was answered, and nothing else. */
class Client {
  readonly #file: Buffer;
  readonly #device: ReturnType<typeof tusDevice>;
  readonly sha256: string;
  location: string | null = null;
  offsetsChecked = 0;
  #acknowledged = 0;
  #isSure = true;

  constructor(url: () => string, token: string, file: Buffer) {
    this.#file = file;
    this.#device = tusDevice(url, token);
    this.sha256 = createHash("sha256").update(file).digest("hex");
  }

  get isDone(): boolean {
    return this.#acknowledged === this.#file.length;
  }

  /** Takes the next step; false when the connection broke. */
  async goOn(): Promise<boolean> {
    const answer = await this.#step().catch(() => null);
    if (answer === null) {
      this.#isSure = false;
      return false;
    }
    const offset = answer.headers["upload-offset"];
    // 423: the dead server's lease runs out soon.
    if (answer.status === 423) await sleep(100);
    else if (answer.status === 201) this.location = String(answer.headers.location);
    else assert.ok([200, 204].includes(answer.status), `${answer.status} ${answer.body}`);
    if (offset === undefined) return true;
    assert.ok(Number(offset) >= this.#acknowledged, `${offset}, after ${this.#acknowledged} had been promised`);
    this.offsetsChecked += 1;
    this.#acknowledged = Number(offset);
    this.#isSure = true;
    return true;
  }

  #step(): Promise<Answer> {
    if (this.location === null)
      return this.#device.create(this.#file.length, { sha256: this.sha256, chunk_size: "400000" });
    if (!this.#isSure) return this.#device.head(this.location);
    const end = ends.find((known) => known > this.#acknowledged);
    return this.#device.patch(this.location, this.#acknowledged, this.#file.subarray(this.#acknowledged, end));
  }
}
