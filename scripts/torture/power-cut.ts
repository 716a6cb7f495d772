import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { seededRandom } from "../../e2e/support/proxy.ts";
import { recordingKey } from "../../lib/recordings/index.ts";
import { openFileBlobStore } from "../../lib/storage/index.ts";
import { makeDevice } from "../../lib/testing/factories/devices.ts";
import type { TestWorld } from "../../lib/testing/test-world.ts";
import { UnsyncedDisk } from "../../lib/testing/unsynced-disk.ts";
import { sealRecording } from "../../lib/uploads/index.ts";
import { startTestArchive, type TestArchive } from "../../server/testing/test-archive.ts";
import { tusDevice } from "../../server/testing/tus-client.ts";

/** How much, and of what. */
type Options = {
  seed: number;
  runs: number;
  /** A disk that syncs nothing: the run must find the loss, or it would find none. */
  liesAboutSync?: boolean;
};

/** What was done. `cutsInside`: power cuts in the middle of a request, the others come between two. */
export type PowerCutFigures = { runs: number; cuts: number; cutsInside: number; promisesChecked: number };

/** A file, and steps of its device: what it sends, and at which call of the disk the power is cut. */
type Plan = { seed: number; fileBytes: number; steps: { sizeBytes: number; cutAfterCalls: number }[] };

const plans: fc.Arbitrary<Plan> = fc.record({
  seed: fc.integer(),
  fileBytes: fc.integer({ min: 1, max: 1_300_000 }),
  steps: fc.array(
    fc.record({ sizeBytes: fc.integer({ min: 1, max: 700_000 }), cutAfterCalls: fc.integer({ min: 0, max: 9 }) }),
    { minLength: 1, maxLength: 5 },
  ),
});

/**
 * Random uploads to an archive whose power is cut at random calls of its disk, which then loses any part of what
 * was not synced. After each cut every acknowledged byte must be there, and in the end the file is sealed.
 *
 * @throws with seed and smallest counterexample when something acknowledged was lost
 */
export async function cutPower(world: TestWorld, { seed, runs, liesAboutSync = false }: Options) {
  const figures: PowerCutFigures = { runs: 0, cuts: 0, cutsInside: 0, promisesChecked: 0 };
  const suffer = async (plan: Plan) => {
    figures.runs += 1;
    const victim = await Victim.start(world, plan, liesAboutSync, figures);
    try {
      for (const { sizeBytes, cutAfterCalls } of plan.steps) {
        await victim.send(sizeBytes, cutAfterCalls);
        await victim.restart();
      }
      await victim.finish();
    } finally {
      await victim.stop();
    }
  };
  await fc.assert(fc.asyncProperty(plans, suffer), { seed, numRuns: runs, endOnFailure: liesAboutSync });
  return figures;
}

/** An archive on a disk that forgets, and the one device that it has. */
class Victim {
  readonly #world: TestWorld;
  readonly #figures: PowerCutFigures;
  readonly #directory: string;
  readonly #root: string;
  readonly #random: () => number;
  readonly #content: Buffer;
  readonly #disk: UnsyncedDisk;
  readonly #client: ReturnType<typeof tusDevice>;
  #archive: TestArchive | null = null;
  #callsLeft = Number.POSITIVE_INFINITY;
  #location: string | null = null;
  #acknowledged = 0;

  private constructor(world: TestWorld, plan: Plan, liesAboutSync: boolean, figures: PowerCutFigures, token: string) {
    this.#world = world;
    this.#figures = figures;
    this.#directory = mkdtempSync(join(world.dir, "power-"));
    this.#root = join(this.#directory, "storage");
    this.#random = seededRandom(plan.seed);
    this.#content = Buffer.alloc(plan.fileBytes, Buffer.from(Array.from({ length: 61 }, () => this.#random() * 256)));
    this.#disk = new UnsyncedDisk(this.#root, { before: () => this.#count(), liesAboutSync });
    this.#client = tusDevice(() => this.#archive?.url ?? "", token);
  }

  static async start(world: TestWorld, plan: Plan, liesAboutSync: boolean, figures: PowerCutFigures): Promise<Victim> {
    const { token } = await makeDevice(world.db);
    const victim = new Victim(world, plan, liesAboutSync, figures, token);
    await victim.#boot();
    return victim;
  }

  async #boot(): Promise<void> {
    const storage = openFileBlobStore(this.#root, this.#disk.connect());
    this.#archive = await startTestArchive({ ...this.#world, storage });
  }

  #count(): void {
    this.#callsLeft -= 1;
    if (this.#callsLeft >= 0) return;
    this.#figures.cutsInside += 1;
    this.#cut();
  }

  #cut(): void {
    this.#callsLeft = Number.POSITIVE_INFINITY;
    this.#figures.cuts += 1;
    this.#disk.cutPower(this.#random);
  }

  /** Sends a piece, or announces the file; after so many calls of the disk the power goes. */
  async send(sizeBytes: number, cutAfterCalls = Number.POSITIVE_INFINITY): Promise<void> {
    this.#callsLeft = cutAfterCalls;
    const from = this.#acknowledged;
    if (this.#location === null) {
      const sha256 = createHash("sha256").update(this.#content).digest("hex");
      const answer = await this.#client.create(this.#content.length, { sha256, chunk_size: "400000" });
      assert.ok([201, 500].includes(answer.status), `POST was answered ${answer.status}`);
      this.#location = answer.headers.location ?? null;
      return;
    }
    const answer = await this.#client.patch(this.#location, from, this.#content.subarray(from, from + sizeBytes));
    assert.ok([204, 500].includes(answer.status), `PATCH was answered ${answer.status}`);
    if (answer.status === 204) this.#acknowledged = Number(answer.headers["upload-offset"]);
  }

  /** Everything that was not synced is lost; what was promised is there, byte for byte. */
  async restart(): Promise<void> {
    this.#cut();
    await this.#archive?.stop();
    await this.#boot();
    if (this.#location === null) return;
    const { offsetBytes, recordingId } = await this.#upload();
    assert.ok(Number(offsetBytes) >= this.#acknowledged, "the offset went back");
    this.#acknowledged = Number(offsetBytes);
    const path = join(this.#root, recordingKey(recordingId));
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? -1;
    assert.ok(size >= this.#acknowledged, `${this.#acknowledged} bytes were promised and ${size} are there`);
    const stored = (await readFile(path)).subarray(0, this.#acknowledged);
    assert.ok(stored.equals(this.#content.subarray(0, this.#acknowledged)), "promised bytes are other bytes now");
    this.#figures.promisesChecked += 1;
  }

  async #upload() {
    const id = this.#location?.split("/").at(-1) ?? "";
    const { offsetBytes, recordingId } = await this.#world.db.upload.findUniqueOrThrow({ where: { id } });
    assert.ok(recordingId !== null, "an upload of a whole file has its recording");
    return { offsetBytes, recordingId };
  }

  /** Sends the rest on power that stays, and has it sealed after a last cut. */
  async finish(): Promise<void> {
    while (this.#location === null) await this.send(0);
    while (this.#acknowledged < this.#content.length) await this.send(this.#content.length);
    await this.restart();
    const { recordingId } = await this.#upload();
    const system = this.#world.context({ kind: "system", name: "torture" }, { storage: openFileBlobStore(this.#root) });
    await sealRecording(system, { recordingId });
    const { state } = await this.#world.db.recording.findUniqueOrThrow({ where: { id: recordingId } });
    assert.equal(state, "sealed");
  }

  async stop(): Promise<void> {
    await this.#archive?.stop();
    rmSync(this.#directory, { recursive: true });
  }
}
