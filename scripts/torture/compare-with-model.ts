import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { recordingKey } from "../../lib/recordings/index.ts";
import { makeDevice } from "../../lib/testing/factories/devices.ts";
import type { TestWorld } from "../../lib/testing/test-world.ts";
import { expireUploads, sealRecording } from "../../lib/uploads/index.ts";
import { findUpload } from "../../server/testing/find-upload.ts";
import { startTestArchive, type TestArchive } from "../../server/testing/test-archive.ts";
import { type Answer, ask, tusDevice } from "../../server/testing/tus-client.ts";
import {
  type ChecksumKind,
  type Expected,
  type ModelUpload,
  modelCreate,
  modelDelete,
  modelHead,
  modelPatch,
  type Step,
  sized,
  statedLength,
} from "./tus-model.ts";

type Options = { seed: number; runs: number };

/** What was compared. */
export type ModelFigures = {
  seed: number;
  runs: number;
  requests: number;
  answers: Record<string, number>;
  sealed: number;
};

const dayMs = 24 * 60 * 60 * 1000;
const checksum = fc.constantFrom<ChecksumKind>("none", "none", "none", "right", "wrong", "unknown");
const index = fc.nat({ max: 7 });
const bodyBytes = fc.oneof(fc.constant(0), fc.nat({ max: 900 }));
const rarely = fc.integer({ min: 0, max: 9 }).map((number) => number === 0);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("create" as const),
      device: fc.nat({ max: 1 }),
      length: fc.option(fc.oneof(fc.nat({ max: 2_000 }), fc.nat({ max: 200 })), { freq: 3 }),
      bodyBytes: fc.option(fc.integer({ min: 1, max: 900 }), { freq: 2 }),
      checksum,
      isContradictory: rarely,
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("patch" as const),
      upload: index,
      isStranger: rarely,
      offsetBy: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: -3, max: 900 })),
      bodyBytes: fc.oneof(bodyBytes, fc.constant("rest" as const)),
      checksum,
      length: fc.oneof(
        { weight: 5, arbitrary: fc.constant(null) },
        { weight: 3, arbitrary: fc.constant("right" as const) },
        fc.nat({ max: 3_000 }),
      ),
      isOverridden: rarely,
      isWrongType: rarely,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("cut" as const), upload: index, bodyBytes }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom("head" as const, "delete" as const),
      upload: index,
      isStranger: rarely,
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "month" } as const) },
);

/**
 * Random sequences of tus requests of two devices, each compared with what a model of the specification says must
 * be answered; in the end every byte is where the model has it, and what is complete can be sealed.
 *
 * @throws with seed and smallest counterexample when archive and model differ
 */
export async function compareWithModel(world: TestWorld, { seed, runs }: Options): Promise<ModelFigures> {
  const archive = await startTestArchive(world);
  const figures = { seed, runs, requests: 0, answers: {} as Record<string, number>, sealed: 0 };
  try {
    const property = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
      const comparison = await Comparison.start(world, archive, figures);
      for (const one of steps) await comparison.take(one);
      await comparison.finish();
    });
    await fc.assert(property, { seed, numRuns: runs });
    return figures;
  } finally {
    await archive.stop();
  }
}

/** An upload, as the model has it and where it really is. `bytes` are all that were acknowledged. */
type Twin = { model: ModelUpload; location: string; bytes: Buffer };

class Comparison {
  readonly #world: TestWorld;
  readonly #figures: ModelFigures;
  readonly #clients: readonly ReturnType<typeof tusDevice>[];
  readonly #tokens: readonly string[];
  readonly #url: string;
  readonly #twins: Twin[] = [];
  #nextByte = 0;

  private constructor(world: TestWorld, archive: TestArchive, figures: ModelFigures, tokens: readonly string[]) {
    this.#world = world;
    this.#figures = figures;
    this.#tokens = tokens;
    this.#url = archive.url;
    this.#clients = tokens.map((token) => tusDevice(() => archive.url, token));
  }

  static async start(world: TestWorld, archive: TestArchive, figures: ModelFigures): Promise<Comparison> {
    const devices = [await makeDevice(world.db), await makeDevice(world.db)];
    return new Comparison(
      world,
      archive,
      figures,
      devices.map(({ token }) => token),
    );
  }

  async take(one: Step): Promise<void> {
    if (one.kind === "create") return this.#create(one);
    if (one.kind === "month") return this.#passMonth();
    const twin = this.#twins[one.upload % Math.max(1, this.#twins.length)];
    if (twin === undefined) return;
    if (one.kind === "patch") return this.#patch(twin, one);
    if (one.kind === "cut") return this.#cut(twin, one.bodyBytes);
    const { device } = twin.model;
    const client = this.#client(one.isStranger ? 1 - device : device);
    if (one.kind === "head")
      this.#compare(await client.head(twin.location), modelHead(twin.model, one.isStranger), "HEAD");
    else this.#compare(await client.remove(twin.location), modelDelete(twin.model, one.isStranger), "DELETE");
  }

  #client(device: number) {
    const client = this.#clients[device];
    if (client === undefined) throw new Error("there are two devices");
    return client;
  }

  #compare(answer: Answer, expected: Expected, method: string): void {
    const key = `${method} ${answer.status}`;
    this.#figures.requests += 1;
    this.#figures.answers[key] = (this.#figures.answers[key] ?? 0) + 1;
    const { headers, body } = answer;
    assert.equal(answer.status, expected.status, `${method}: ${body}`);
    assert.equal(headers["tus-resumable"], "1.0.0");
    if (expected.offset !== undefined) assert.equal(headers["upload-offset"], String(expected.offset), method);
    if (expected.length === undefined) return;
    assert.equal(headers["upload-length"], expected.length === null ? undefined : String(expected.length));
    assert.equal(headers["upload-defer-length"], expected.length === null ? "1" : undefined);
  }

  /** Bytes that were never sent before, so that none can be taken for another. */
  #body(sizeBytes: number): Buffer {
    return Buffer.from(Array.from({ length: sizeBytes }, () => (this.#nextByte++ * 167) % 251));
  }

  #checksumOf(body: Buffer, kind: ChecksumKind): Record<string, string> {
    if (kind === "none") return {};
    const digest = createHash("sha1")
      .update(kind === "wrong" ? `not ${body.length}` : body)
      .digest("base64");
    return { "Upload-Checksum": `${kind === "unknown" ? "crc32" : "sha1"} ${digest}` };
  }

  async #create(one: Extract<Step, { kind: "create" }>): Promise<void> {
    const { expected, upload } = modelCreate(one);
    const body = one.bodyBytes === null ? null : this.#body(one.bodyBytes);
    const headers: Record<string, string> = {
      ...(one.length === null ? { "Upload-Defer-Length": "1" } : { "Upload-Length": String(one.length) }),
      ...(one.isContradictory ? { "Upload-Defer-Length": "1", "Upload-Length": "7" } : {}),
      ...(body === null ? {} : { "Content-Type": "application/offset+octet-stream" }),
      ...(body === null ? {} : this.#checksumOf(body, one.checksum)),
    };
    const answer = await ask(`${this.#url}/api/uploads`, {
      method: "POST",
      token: this.#tokens[one.device] ?? "",
      headers,
      body,
    });
    this.#compare(answer, expected, "POST");
    assert.equal(answer.headers.location !== undefined, upload !== null);
    if (upload === null) return;
    const bytes = (body ?? Buffer.alloc(0)).subarray(0, upload.offset);
    this.#twins.push({ model: upload, location: String(answer.headers.location), bytes });
  }

  async #patch(twin: Twin, step: Extract<Step, { kind: "patch" }>): Promise<void> {
    const { model } = twin;
    const one = sized(model, step);
    const body = this.#body(one.bodyBytes);
    const length = statedLength(model, one);
    const offset = model.offset + one.offsetBy;
    const headers = {
      ...this.#checksumOf(body, one.checksum),
      ...(length === null ? {} : { "Upload-Length": String(length) }),
      ...(one.isWrongType ? { "Content-Type": "video/mp4" } : {}),
      ...(one.isOverridden ? { "X-HTTP-Method-Override": "PATCH" } : {}),
    };
    const expected = modelPatch(model, one);
    const answer = await ask(twin.location, {
      method: one.isOverridden ? "POST" : "PATCH",
      token: this.#tokens[one.isStranger ? 1 - model.device : model.device] ?? "",
      headers: { "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream", ...headers },
      body,
    });
    this.#compare(answer, expected, "PATCH");
    if (answer.status === 204 && one.bodyBytes > 0) twin.bytes = Buffer.concat([twin.bytes, body]);
  }

  /** A body that breaks off: what of it arrived is the archive's to say, and cannot be more than was sent. */
  async #cut(twin: Twin, sentBytes: number): Promise<void> {
    const { model } = twin;
    if (model.state !== "open" || (model.length !== null && model.offset + sentBytes + 1 > model.length)) return;
    const before = (await findUpload(this.#world.db, twin.location)).interruptions;
    const body = this.#body(sentBytes + 1);
    const { request } = this.#client(model.device).openPatch(twin.location, model.offset, body.length);
    request.on("error", () => undefined);
    request.write(body.subarray(0, sentBytes), () => request.destroy());
    if (sentBytes === 0) request.destroy();
    const deadline = Date.now() + 1_000;
    while ((await findUpload(this.#world.db, twin.location)).interruptions === before && Date.now() < deadline)
      await sleep(5);
    const offset = Number((await this.#client(model.device).head(twin.location)).headers["upload-offset"]);
    assert.ok(offset >= model.offset && offset <= model.offset + sentBytes);
    twin.bytes = Buffer.concat([twin.bytes, body.subarray(0, offset - model.offset)]);
    model.offset = offset;
  }

  /** Unfinished uploads without a byte for a month are ended by the archive. */
  async #passMonth(): Promise<void> {
    this.#world.clock.advance(31 * dayMs);
    await expireUploads(this.#world.context({ kind: "system", name: "upload.expire" }), 30 * dayMs);
    for (const { model } of this.#twins) if (model.state === "open") model.state = "terminated";
  }

  async finish(): Promise<void> {
    const system = this.#world.context({ kind: "system", name: "recording.seal" });
    for (const { model, location, bytes } of this.#twins) {
      this.#compare(await this.#client(model.device).head(location), modelHead(model, false), "HEAD");
      if (model.state === "terminated") continue;
      const { recordingId } = await findUpload(this.#world.db, location);
      const key = recordingKey(String(recordingId));
      const stored = (await buffer(this.#world.storage.read(key))).subarray(0, model.offset);
      assert.ok(stored.equals(bytes), "the archive holds other bytes than were sent");
      if (model.state !== "complete") continue;
      await sealRecording(system, { recordingId: String(recordingId) });
      const row = await this.#world.db.recording.findUniqueOrThrow({ where: { id: String(recordingId) } });
      assert.equal(row.state, "sealed");
      assert.equal(Buffer.from(row.sha256 ?? []).toString("hex"), createHash("sha256").update(bytes).digest("hex"));
      this.#figures.sealed += 1;
    }
  }
}
