import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { seededRandom } from "../../e2e/support/proxy.ts";
import { checkArchive, type Problem } from "../../lib/check/index.ts";
import { recordingKey } from "../../lib/recordings/index.ts";
import { makeDevice } from "../../lib/testing/factories/devices.ts";
import type { TestWorld } from "../../lib/testing/test-world.ts";
import { findUpload } from "../../server/testing/find-upload.ts";
import { makeSigningDevice } from "../../server/testing/signing-device.ts";
import { type ApiServer, startApiServer } from "../../server/testing/start-api-server.ts";
import { tusDevice } from "../../server/testing/tus-client.ts";
import { withCleanUp } from "./clean-up.ts";
import { goodRequest, targetBytes } from "./good-requests.ts";
import { mutateRequest } from "./mutate-head.ts";
import { RawExchanges } from "./raw-exchange.ts";

type Options = { seed: number; count: number; say?: (line: string) => void };

/** What was answered, by status; `none`: the server closed without a word. */
export type MutationFigures = { seed: number; requests: number; answers: Record<string, number>; bytesKept: number };

/** An upload that mutated requests may write to. All of its bytes are this one, so that any other is a wrong one. */
type Target = { location: string; byte: number; offset: number };

const lanes = 24;

/**
 * Sends mutated requests to every upload route, on the wire, and then looks whether anything is where it does not
 * belong: in uploads that nobody addressed, or a byte in one that were not in the body for it.
 *
 * @throws at a 5xx, a crash, a stack trace, or a byte in the wrong place
 */
export async function mutateRequests(world: TestWorld, { seed, count, say }: Options): Promise<MutationFigures> {
  const { databaseUrl, dir } = world;
  const server = await startApiServer({
    databaseUrl,
    dataDir: dir,
    hasWorkers: false,
    settings: { LOG_LEVEL: "silent" },
  });
  return withCleanUp(
    () => server.kill(),
    () => new Mutation(world, server, seed).perform(count, say),
  );
}

class Mutation {
  readonly #world: TestWorld;
  readonly #server: ApiServer;
  readonly #seed: number;
  readonly #random: () => number;
  readonly #answers = new Map<string, number>();
  readonly #targets: Target[] = [];
  readonly #everyTarget: Target[] = [];
  #token = "";
  #manifest = "";

  constructor(world: TestWorld, server: ApiServer, seed: number) {
    this.#world = world;
    this.#server = server;
    this.#seed = seed;
    this.#random = seededRandom(seed);
  }

  async perform(count: number, say?: (line: string) => void): Promise<MutationFigures> {
    const device = await makeSigningDevice(this.#world, () => this.#server.url);
    this.#token = device.token;
    this.#manifest = device.sign(device.describe(Buffer.from("announced and never sent")));
    const witnesses = await this.#makeWitnesses();
    for (let lane = 0; lane < lanes; lane++) await this.#renewTarget(lane);
    const wire = new RawExchanges(Number(new URL(this.#server.url).port));
    let sent = 0;
    const work = async (lane: number) => {
      while (sent < count) {
        sent += 1;
        if (sent % 1000 === 0) say?.(`${sent} requests`);
        await this.#sendOne(wire, lane);
      }
    };
    await Promise.all(Array.from({ length: lanes }, (_, lane) => work(lane)));
    assert.equal(this.#server.process.exitCode, null, "the server ended");
    for (const witness of witnesses) await this.#expectUntouched(witness);
    const bytesKept = await this.#expectOwnBytes();
    await this.#expectGoodUpload();
    assert.deepEqual(await this.#findProblems(), []);
    return {
      seed: this.#seed,
      requests: sent,
      answers: Object.fromEntries(Array.from(this.#answers).sort()),
      bytesKept,
    };
  }

  async #sendOne(wire: RawExchanges, lane: number): Promise<void> {
    const target = this.#targets[lane];
    if (target === undefined) throw new Error("each lane has its target");
    const bytes = mutateRequest(
      goodRequest({ ...target, token: this.#token, manifest: this.#manifest }, this.#random),
      this.#random,
    );
    const { status, text } = await wire.exchange(bytes);
    const key = String(status ?? "none");
    this.#answers.set(key, (this.#answers.get(key) ?? 0) + 1);
    const shown = () =>
      `${JSON.stringify(bytes.toString("latin1").slice(0, 1500))} was answered ${text.slice(0, 1500)}`;
    assert.ok(status === null || status < 500, `seed ${this.#seed}: ${shown()}`);
    assert.ok(!/\n {4}at |node:internal|\.ts:\d+/.test(text), `a stack trace, seed ${this.#seed}: ${shown()}`);
    // A body that was refused for its head moved nothing.
    if (status !== null && status >= 400 && status !== 413) return;
    const row = await findUpload(this.#world.db, target.location);
    target.offset = Number(row.offsetBytes);
    if (row.state !== "open") await this.#renewTarget(lane);
  }

  async #renewTarget(lane: number): Promise<void> {
    const client = tusDevice(() => this.#server.url, this.#token);
    const created = await client.create(targetBytes, { filename: `target-${lane}.bin` });
    assert.equal(created.status, 201);
    const target = { location: String(created.headers.location), byte: 0xa0 + lane, offset: 0 };
    this.#targets[lane] = target;
    this.#everyTarget.push(target);
  }

  /** Uploads that no request names: one whole, one half, and one of another device. */
  async #makeWitnesses() {
    const stranger = (await makeDevice(this.#world.db)).token;
    const content = Buffer.from(Array.from({ length: 50_000 }, () => this.#random() * 256));
    return Promise.all(
      [
        [this.#token, content.length],
        [this.#token, 20_000],
        [stranger, 30_000],
      ].map(async ([token, sizeBytes]) => {
        const client = tusDevice(() => this.#server.url, String(token));
        const location = String((await client.create(content.length)).headers.location);
        const bytes = content.subarray(0, Number(sizeBytes));
        assert.equal((await client.patch(location, 0, bytes)).status, 204);
        return { location, bytes };
      }),
    );
  }

  async #stored(location: string): Promise<{ offset: number; bytes: Buffer }> {
    const { recordingId, offsetBytes } = await findUpload(this.#world.db, location);
    const bytes = await readFile(join(this.#world.dir, "storage", recordingKey(String(recordingId))));
    return { offset: Number(offsetBytes), bytes };
  }

  async #expectUntouched({ location, bytes }: { location: string; bytes: Buffer }): Promise<void> {
    const stored = await this.#stored(location);
    assert.equal(stored.offset, bytes.length, "an upload that nobody addressed has moved");
    assert.ok(stored.bytes.equals(bytes), "an upload that nobody addressed has other bytes");
  }

  async #expectOwnBytes(): Promise<number> {
    let kept = 0;
    for (const { location, byte } of this.#everyTarget) {
      if ((await findUpload(this.#world.db, location)).state === "terminated") continue;
      const { offset, bytes } = await this.#stored(location);
      assert.ok(bytes.length >= offset, "promised bytes are missing");
      assert.ok(
        bytes.subarray(0, offset).every((value) => value === byte),
        `a byte in the wrong place: ${location}`,
      );
      kept += offset;
    }
    return kept;
  }

  async #expectGoodUpload(): Promise<void> {
    const client = tusDevice(() => this.#server.url, this.#token);
    const location = String((await client.create(5)).headers.location);
    assert.equal((await client.patch(location, 0, Buffer.from("hello"))).headers["upload-offset"], "5");
  }

  async #findProblems(): Promise<Problem[]> {
    const problems: Problem[] = [];
    await checkArchive(this.#world.context(), "digest", { onProblem: (problem) => problems.push(problem) });
    return problems;
  }
}
