import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "../../e2e/support/proxy.ts";
import { openFileBlobStore } from "../../lib/storage/index.ts";
import { makeDevice } from "../../lib/testing/factories/devices.ts";
import { openTestWorld, type TestWorld } from "../../lib/testing/test-world.ts";
import { migrate } from "../../prisma/migrate.ts";
import { makeSigningDevice } from "../../server/testing/signing-device.ts";
import { SpawnedUploader } from "../../uploader/testing/spawned-uploader.ts";
import { type Balancer, openBalancer } from "./balancer.ts";
import { withCleanUp } from "./clean-up.ts";
import { type ArchiveFacts, judgeArchive } from "./judge-archive.ts";
import { MortalDatabase } from "./mortal-database.ts";
import { MortalServer } from "./mortal-server.ts";
import { Oracle } from "./oracle.ts";
import { deliverInParts, deliverRaw, deliverSigned } from "./raw-device.ts";

type Options = {
  seed: number;
  /** How long things are killed; after it everything gets the time to arrive. */
  killMs: number;
  /** Told now and then how it goes. */
  say?: (line: string) => void;
  /** Of each kind; each sends one file after another. */
  devices?: number;
};

/** What was done to the archive and what came of it. `violations` is empty, or the archive is not what it says. */
export type KillFigures = {
  seed: number;
  seconds: number;
  kills: Record<"server" | "stop" | "freeze" | "database" | "uploader", number>;
  files: number;
  bytes: number;
  offsetsHeard: number;
  receiptsHeard: number;
  answers: Record<string, number>;
  archive: ArchiveFacts;
  violations: string[];
};

const settleMs = 180_000;
/** Of an uploader that waits after failures longer than it is worth while here. */
const longestLifeMs = 15_000;

/**
 * Kills servers, database and uploaders at random while files come in, with an oracle that hears every answer.
 *
 * @returns what happened; broken promises are in `violations`
 */
export async function killAtRandom(options: Options): Promise<KillFigures> {
  const run = await Run.start(options);
  return withCleanUp(
    () => run.close(),
    () => run.perform(),
  );
}

/** A file that a device is to bring in. */
type Sent = { deviceId: string; sha256: string; sizeBytes: number };

class Run {
  readonly #options: Options;
  readonly #random: () => number;
  readonly #dir: string;
  readonly #bundle: string;
  readonly #database: MortalDatabase;
  readonly #oracle = new Oracle();
  readonly #kills = { server: 0, stop: 0, freeze: 0, database: 0, uploader: 0 };
  readonly #sent: Sent[] = [];
  readonly #servers: MortalServer[];
  #balancer: Balancer | null = null;
  #isOver = false;
  /** A server that starts meanwhile would only say that it cannot. */
  #databaseIsUp = Promise.resolve();

  private constructor(options: Options, dir: string, database: MortalDatabase) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.#dir = dir;
    this.#database = database;
    this.#bundle = join(dir, "strongroom-uploader.mjs");
    const settings = { databaseUrl: database.url, dataDir: join(dir, "data") };
    this.#servers = [0, 1].map(() => new MortalServer(settings, (sentence) => this.#oracle.violations.push(sentence)));
  }

  static async start(options: Options): Promise<Run> {
    const dir = mkdtempSync(join(tmpdir(), "strongroom-torture-"));
    const database = await MortalDatabase.start(join(dir, "postgres"));
    await migrate(database.url);
    const run = new Run(options, dir, database);
    execFileSync(process.execPath, [join(import.meta.dirname, "../../uploader/build.mjs"), run.#bundle]);
    await Promise.all(run.#servers.map((server) => server.start()));
    const urls = () => run.#servers.flatMap(({ url }) => (url === null ? [] : [url]));
    run.#balancer = await openBalancer(run.#oracle, urls, run.#random);
    return run;
  }

  async perform(): Promise<KillFigures> {
    const startedAt = performance.now();
    const count = this.#options.devices ?? 3;
    const world = openTestWorld(this.#database.url);
    const names = Array.from({ length: 2 * count }, (_, index) => index);
    const devices = await Promise.all(names.map(() => makeDevice(world.db)));
    const senders = devices.map(({ id, token }, index) =>
      index % 2 === 0 ? this.#sendRaw(id, token) : this.#sendWithUploader(id, token, index),
    );
    senders.push(this.#sendSigned(world));
    const killers = [
      this.#watchReceipts(world),
      ...this.#servers.map((server) => this.#killServer(server)),
      this.#killDatabase(),
    ];
    for (let left = this.#options.killMs; left > 0; left -= 10_000) {
      await sleep(Math.min(left, 10_000));
      this.#say();
    }
    this.#isOver = true;
    await Promise.all(killers);
    await withinTime(Promise.all(senders), "the files did not all arrive");
    const archive = await judgeArchive(world, {
      storage: openFileBlobStore(join(this.#dir, "data", "storage")),
      sent: this.#sent,
      oracle: this.#oracle,
      deadlineMs: settleMs,
    });
    await world.close();
    const { violations, answers, offsetsHeard, receipts } = this.#oracle;
    return {
      seed: this.#options.seed,
      seconds: Math.round((performance.now() - startedAt) / 1000),
      kills: this.#kills,
      files: this.#sent.length,
      bytes: this.#sent.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      offsetsHeard,
      receiptsHeard: receipts.size,
      answers: Object.fromEntries(Array.from(answers).sort()),
      archive,
      violations,
    };
  }

  #say(): void {
    const { server, stop, freeze, database, uploader } = this.#kills;
    const kills = `killed ${server} servers, ${database} databases, ${uploader} uploaders; stopped ${stop}, froze ${freeze}`;
    this.#options.say?.(`${kills}; ${this.#sent.length} files, ${this.#oracle.offsetsHeard} offsets heard`);
  }

  #makeFile(deviceId: string): Buffer {
    const sizeBytes = 1 + Math.floor(this.#random() ** 3 * 8_000_000);
    const file = Buffer.alloc(sizeBytes);
    // Different all through, so that a byte in the wrong place is another byte.
    for (let at = 0; at + 4 <= sizeBytes; at += 4) file.writeUInt32LE(Math.floor(this.#random() * 2 ** 32), at);
    this.#sent.push({ deviceId, sha256: createHash("sha256").update(file).digest("hex"), sizeBytes });
    return file;
  }

  async #sendRaw(deviceId: string, token: string): Promise<void> {
    while (!this.#isOver) {
      const deliver = this.#random() < 0.3 ? deliverInParts : deliverRaw;
      await deliver(this.#balancer?.url ?? "", token, this.#makeFile(deviceId), this.#random);
      await sleep(this.#random() * 300);
    }
  }

  /** A device that announces with signed manifests: also an announcement whose answer is lost makes one recording. */
  async #sendSigned(world: TestWorld): Promise<void> {
    const device = await makeSigningDevice(world, () => this.#balancer?.url ?? "");
    while (!this.#isOver) {
      await deliverSigned(device, this.#makeFile(device.id), this.#random);
      await sleep(this.#random() * 300);
    }
  }

  /** As whoever fetches receipts while things die: what was given once stays as it is. */
  async #watchReceipts({ db }: TestWorld): Promise<void> {
    while (!this.#isOver) {
      await sleep(1_500);
      const rows = await db.receipt.findMany({ select: { recordingId: true, jws: true } }).catch(() => []);
      for (const { recordingId, jws } of rows) this.#oracle.hearReceipt(recordingId, jws);
    }
  }

  /** A real uploader, killed again and again until one of its lives is long enough. */
  async #sendWithUploader(deviceId: string, token: string, index: number): Promise<void> {
    const folder = join(this.#dir, `device-${index}`);
    mkdirSync(folder);
    const environment = {
      STRONGROOM_SERVER: this.#balancer?.url ?? "",
      STRONGROOM_TOKEN: token,
      STRONGROOM_STATE_DIR: join(folder, "state"),
    };
    for (let number = 0; !this.#isOver; number++) {
      const path = join(folder, `${number}.bin`);
      writeFileSync(path, this.#makeFile(deviceId));
      for (let code: number | null = null; code !== 0; ) {
        const args = ["push", path, "--settle", "0", "--no-wait", "--chunk-size", "400000", "--stall-timeout", "10"];
        const uploader = new SpawnedUploader(this.#bundle, args, environment);
        const isVictim = !this.#isOver && this.#random() < 0.6;
        const lifeMs = isVictim ? 200 + this.#random() * 2_500 : longestLifeMs;
        await Promise.race([uploader.ended, sleep(lifeMs, null, { ref: false })]);
        if (uploader.child.exitCode === null && uploader.child.kill("SIGKILL")) this.#kills.uploader += 1;
        const ended = await uploader.ended;
        code = ended.code;
        if (code !== null && code !== 0 && code !== 6) {
          this.#oracle.violations.push(`an uploader ended with ${code}: ${JSON.stringify(ended.events.at(-1))}`);
          return;
        }
      }
      rmSync(path);
    }
  }

  /** On a busy machine a kill that hits nothing but the start before it would prove nothing. */
  async #untilHeard(offsets: number): Promise<void> {
    const wanted = this.#oracle.offsetsHeard + offsets;
    while (!this.#isOver && this.#oracle.offsetsHeard < wanted) await sleep(50);
  }

  async #killServer(server: MortalServer): Promise<void> {
    while (!this.#isOver) {
      await this.#untilHeard(2);
      await sleep(200 + this.#random() * 2_800);
      const way = this.#random();
      if (way < 0.7) {
        this.#kills.server += 1;
        await server.kill();
      } else if (way < 0.85) {
        this.#kills.stop += 1;
        await server.stop();
      } else {
        this.#kills.freeze += 1;
        await server.freeze(200 + this.#random() * 2_500);
        continue;
      }
      await this.#databaseIsUp;
      await server.start();
    }
  }

  async #killDatabase(): Promise<void> {
    while (!this.#isOver) {
      await this.#untilHeard(10);
      await sleep(3_000 + this.#random() * 12_000);
      if (this.#isOver) return;
      this.#kills.database += 1;
      this.#databaseIsUp = this.#database.crash();
      await this.#databaseIsUp;
    }
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await this.#balancer?.close();
    for (const server of this.#servers) await server.kill();
    await this.#database.stop();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

async function withinTime<T>(work: Promise<T>, otherwise: string): Promise<T> {
  const late = sleep(settleMs, null, { ref: false }).then(() => {
    throw new Error(`After ${settleMs / 1000} s without a kill ${otherwise}.`);
  });
  return Promise.race([work, late]);
}
