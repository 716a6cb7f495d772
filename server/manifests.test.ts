import { generateKeyPairSync, randomBytes } from "node:crypto";
import { request as httpRequest } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signManifest } from "../lib/protocol/index.ts";
import { expectCustodyEvent, useTestDatabase } from "../lib/testing/index.ts";
import { sealRecording } from "../lib/uploads/index.ts";
import { makeSigningDevice } from "./testing/signing-device.ts";
import { startTestArchive, type TestArchive } from "./testing/test-archive.ts";
import { ask } from "./testing/tus-client.ts";

const chunk = 400_000;

/** A manifest that names its key so, and is signed by nobody. */
function namedBy(kid: string): string {
  const head = JSON.stringify({ alg: "EdDSA", kid, typ: "strongroom-manifest" });
  return `${Buffer.from(head).toString("base64url")}.e30.${"A".repeat(86)}`;
}

describe("a signed manifest", () => {
  const world = useTestDatabase();
  let archive: TestArchive;
  beforeAll(async () => {
    archive = await startTestArchive(world());
  });
  afterAll(() => archive.stop());

  const signer = () => makeSigningDevice(world(), () => archive.url);
  const events = (recordingId: string) =>
    world().db.custodyEvent.findMany({ where: { recordingId }, orderBy: { seq: "asc" } });
  const actions = async (recordingId: string) => (await events(recordingId)).map(({ action }) => action);
  const seal = async (recordingId: string) => {
    await sealRecording(world().context(), { recordingId });
    return world().db.recording.findUniqueOrThrow({ where: { id: recordingId }, include: { chunks: true } });
  };

  test("announces a recording, which is then received, compared and sealed", async () => {
    const device = await signer();
    const file = randomBytes(2 * chunk + 5_000);
    const facts = {
      capturedFrom: "2026-03-02T09:00:00Z",
      source: "rear",
      tags: ["robbery"],
      clock: { source: "gnss" },
    };
    const announced = await device.announce(device.sign(device.describe(file, facts)));
    expect(announced.status).toBe(201);
    const { recording, upload, ...rest } = announced.json;
    expect(rest).toEqual({
      state: "receiving",
      offsetBytes: 0,
      sizeBytes: file.length,
      manifestSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      sequence: 1,
      chain: "first",
    });
    expect(announced.headers).toMatchObject({
      location: upload,
      "upload-offset": "0",
      "strongroom-recording": recording,
      "cache-control": "no-store",
    });
    const row = await world().db.recording.findUniqueOrThrow({
      where: { id: recording },
      include: { manifests: true },
    });
    expect(row).toMatchObject({
      source: "rear",
      digestOriginator: "device",
      capturedFrom: new Date(facts.capturedFrom),
    });
    expect(row.manifests).toMatchObject([{ sequence: 1n, chain: "first", kid: device.kid, previousSha256: null }]);
    expect((await device.tus.patch(upload, 0, file)).status).toBe(204);
    expect(await seal(recording)).toMatchObject({ state: "sealed" });
    expect(await actions(recording)).toEqual([
      "manifest.recorded",
      "upload.started",
      "recording.received",
      "recording.sealed",
    ]);
  });

  test("the same again gives the same answer, with the offset as it is by then", async () => {
    const device = await signer();
    const file = randomBytes(chunk + 10);
    const jws = device.sign(device.describe(file));
    const first = await device.announce(jws);
    const again = await device.announce(jws);
    expect([again.status, again.json]).toEqual([200, first.json]);
    await device.tus.patch(first.json.upload, 0, file.subarray(0, chunk));
    expect((await device.announce(jws)).json).toEqual({ ...first.json, offsetBytes: chunk });
    await device.tus.patch(first.json.upload, chunk, file.subarray(chunk));
    const whole = { ...first.json, offsetBytes: file.length, state: "received" };
    expect((await device.announce(jws)).json).toEqual(whole);
    expect(await world().db.manifest.count({ where: { deviceId: device.id } })).toBe(1);
  });

  test("the same forty times at once opens one recording, and leaves no other bytes behind", async () => {
    const device = await signer();
    const jws = device.sign(device.describe(randomBytes(1000)));
    const answers = await Promise.all(Array.from({ length: 40 }, () => device.announce(jws)));
    expect(new Set(answers.map(({ json }) => JSON.stringify(json))).size).toBe(1);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const { recordings } = await world().db.device.findUniqueOrThrow({
      where: { id: device.id },
      include: { recordings: true },
    });
    expect(recordings).toHaveLength(1);
    const keys: string[] = [];
    for await (const key of world().storage.list("recordings/")) keys.push(key);
    const known = await world().db.recording.findMany({ select: { id: true } });
    expect(keys.sort()).toEqual(known.map(({ id }) => `recordings/${id}`).sort());
  });

  test("whose answers are lost, wherever the connection breaks, opens one recording and leaves nothing behind", async () => {
    const device = await signer();
    const jws = device.sign(device.describe(randomBytes(1000)));
    for (let delayMs = 0; delayMs < 40; delayMs += 2) {
      const request = httpRequest(`${archive.url}/api/recordings`, {
        method: "POST",
        agent: false,
        headers: { Authorization: `Bearer ${device.token}`, "Content-Type": "application/jose" },
      });
      request.on("error", () => undefined);
      request.on("response", (response) => response.resume());
      await new Promise<void>((resolve) => request.end(jws, () => resolve()));
      setTimeout(() => request.destroy(), delayMs);
    }
    const { json } = await device.announce(jws);
    expect(json).toMatchObject({ sequence: 1, chain: "first", offsetBytes: 0 });
    const rows = await world().db.recording.findMany({ where: { deviceId: device.id } });
    expect(rows.map(({ id }) => id)).toEqual([json.recording]);
    expect(await actions(json.recording)).toEqual(["manifest.recorded", "upload.started"]);
  });

  test("counts on from the one before; a gap and a fork are recorded, and never refused", async () => {
    const device = await signer();
    const send = async (over: Record<string, unknown> = {}) =>
      (await device.announce(device.sign(device.describe(randomBytes(100), over)))).json;
    expect((await send()).chain).toBe("first");
    expect((await send()).chain).toBe("in_order");
    const late = await send({ sequence: 5, previous: "ab".repeat(32) });
    expect(late.chain).toBe("gap");
    await expectCustodyEvent(world().db, {
      action: "manifest.gap_found",
      recordingId: late.recording,
      deviceId: device.id,
      details: { sequence: 5, missingFrom: 3, missingUntil: 4 },
    });
    const wrong = await send({ sequence: 6, previous: "cd".repeat(32) });
    expect(wrong.chain).toBe("fork");
    const twice = await send({ sequence: 1, previous: null });
    expect(twice.chain).toBe("fork");
    await expectCustodyEvent(world().db, {
      action: "manifest.fork_found",
      recordingId: twice.recording,
      details: { sequence: 1, reason: "same_number" },
    });
    // Number 5 names something else than this as the one before it.
    expect((await send({ sequence: 4, previous: "ef".repeat(32) })).chain).toBe("fork");
    const rows = await world().db.manifest.findMany({ where: { deviceId: device.id } });
    expect(rows).toHaveLength(6);
  });

  test("a later one that fills a gap stands in order", async () => {
    const device = await signer();
    const jws = [1, 2, 3].map(() => device.sign(device.describe(randomBytes(100)))) as [string, string, string];
    expect((await device.announce(jws[0])).json.chain).toBe("first");
    expect((await device.announce(jws[2])).json.chain).toBe("gap");
    expect((await device.announce(jws[1])).json.chain).toBe("in_order");
    expect((await device.announce(jws[2])).json.chain).toBe("gap"); // as it was found
  });

  test("is refused when it is not the device's own, or not signed by a key that is registered", async () => {
    const [device, other] = [await signer(), await signer()];
    const manifest = device.describe(randomBytes(100));
    const { privateKey } = generateKeyPairSync("ed25519");
    const unknown = await device.announce(signManifest(manifest, privateKey));
    expect([unknown.status, unknown.json.code]).toEqual([403, "manifest_key_unknown"]);
    const refused = { action: "manifest.refused", outcome: "refused", deviceId: device.id } as const;
    await expectCustodyEvent(world().db, { ...refused, details: { reason: "manifest_key_unknown" } });
    const foreign = await device.announce(signManifest(manifest, other.privateKey));
    expect([foreign.status, foreign.json.code]).toEqual([403, "manifest_key_unknown"]);
    const good = device.sign(manifest);
    const [head = "", , tail = ""] = good.split(".");
    const [, body = ""] = device.sign(device.describe(randomBytes(100))).split(".");
    const forged = await device.announce(`${head}.${body}.${tail}`);
    expect([forged.status, forged.json.code]).toEqual([403, "manifest_signature_invalid"]);
    await expectCustodyEvent(world().db, { ...refused, details: { reason: "manifest_signature_invalid" } });
    const named = await device.announce(device.sign(device.describe(randomBytes(100), { device: other.id })));
    expect([named.status, named.json]).toMatchObject([400, { code: "manifest_invalid", field: "device" }]);
    expect(await world().db.recording.count({ where: { deviceId: device.id } })).toBe(0);
  });

  test("a revoked key announces nothing new, and what it announced stays announced", async () => {
    const device = await signer();
    const known = device.sign(device.describe(randomBytes(100)));
    const first = await device.announce(known);
    await world().db.deviceKey.update({ where: { kid: device.kid }, data: { revokedAt: new Date() } });
    expect((await device.announce(known)).json).toEqual(first.json);
    const next = await device.announce(device.sign(device.describe(randomBytes(100))));
    expect([next.status, next.json.code]).toEqual([403, "manifest_key_unknown"]);
    await expectCustodyEvent(world().db, { action: "manifest.refused", deviceId: device.id });
  });

  test.each([
    ["no JWS", "hello", 400, "manifest_invalid"],
    ["nothing", "", 400, "manifest_invalid"],
    [
      "another algorithm",
      `${Buffer.from('{"alg":"none","kid":"x"}').toString("base64url")}.e30.`,
      400,
      "manifest_invalid",
    ],
    ["a key's name that no text column holds", namedBy("\0"), 400, "manifest_invalid"],
    ["a key that has a long name and is unknown", namedBy(`${"k".repeat(99)}😀`), 403, "manifest_key_unknown"],
    ["a key's name with half a character", namedBy("\ud800"), 400, "manifest_invalid"],
  ])("%s is refused", async (_, body, status, code) => {
    const device = await signer();
    const answer = await device.announce(body);
    expect([answer.status, answer.json.code]).toEqual([status, code]);
  });

  test("needs a token, its media type, and at most 6 MiB", async () => {
    const device = await signer();
    const jws = device.sign(device.describe(randomBytes(100)));
    const url = `${archive.url}/api/recordings`;
    const headers = { "Content-Type": "application/jose" };
    expect((await ask(url, { method: "POST", body: Buffer.from(jws), headers })).status).toBe(401);
    expect((await device.announce(jws, { "Content-Type": "application/json" })).status).toBe(415);
    expect((await device.announce("x".repeat(6 * 1024 * 1024 + 1))).status).toBe(413);
    expect((await device.announce(jws)).status).toBe(201);
  });

  test("of a file that is longer than any that is taken is refused, and leaves nothing", async () => {
    const device = await signer();
    const chunkSizeBytes = 64 * 1024 * 1024;
    const sizeBytes = 2 ** 40 + 1;
    const chunkSha256 = Array.from({ length: 2 ** 14 + 1 }, () => "ab".repeat(32));
    const answer = await device.announce(
      device.sign(
        device.describe(Buffer.alloc(0), { sizeBytes, chunkSizeBytes, chunkSha256, sha256: "cd".repeat(32) }),
      ),
    );
    expect([answer.status, answer.json]).toMatchObject([413, { code: "too_large", field: "sizeBytes" }]);
    expect(await world().db.manifest.count({ where: { deviceId: device.id } })).toBe(0);
  });

  test("judges also bytes that come with a creation, and says where it goes on", async () => {
    const device = await signer();
    const file = randomBytes(3 * chunk);
    const manifest = device.describe(file);
    const { json } = await device.announce(device.sign(manifest));
    const wrong = Buffer.concat([file.subarray(0, chunk), randomBytes(2 * chunk)]);
    const { status, headers } = await device.tus.createWith(file.length, { sha256: manifest.sha256 }, wrong);
    expect([status, headers.location, headers["upload-offset"]]).toEqual([460, json.upload, String(chunk)]);
  });

  test("for content that is here already is recorded, counted on, and brings nothing new", async () => {
    const device = await signer();
    const file = randomBytes(1000);
    const first = await device.announce(device.sign(device.describe(file)));
    const second = await device.announce(device.sign(device.describe(file, { fileName: "copy.mp4" })));
    expect([second.status, second.json]).toMatchObject([
      200,
      { recording: first.json.recording, sequence: 2, chain: "in_order" },
    ]);
    expect(second.json.upload).toBe(first.json.upload);
    expect(await world().db.manifest.count({ where: { recordingId: first.json.recording } })).toBe(2);
    const other = await signer();
    const theirs = await other.announce(other.sign(other.describe(file)));
    expect(theirs.json.recording).not.toBe(first.json.recording);
  });

  test("after its upload was ended opens a new recording, as nothing of the old one is left", async () => {
    const device = await signer();
    const file = randomBytes(1000);
    const jws = device.sign(device.describe(file));
    const first = await device.announce(jws);
    await device.tus.patch(first.json.upload, 0, file.subarray(0, 500));
    expect((await device.tus.remove(first.json.upload)).status).toBe(204);
    const second = await device.announce(jws);
    expect(second.status).toBe(201);
    expect(second.json).toMatchObject({ offsetBytes: 0, sequence: 1, chain: "first" });
    expect(second.json.recording).not.toBe(first.json.recording);
    expect((await device.tus.patch(second.json.upload, 0, file)).status).toBe(204);
    expect(await seal(second.json.recording)).toMatchObject({ state: "sealed" });
  });

  test("of two for the same content each goes on after its upload was ended, whichever comes first", async () => {
    const device = await signer();
    const file = randomBytes(1000);
    const jws = [device.sign(device.describe(file)), device.sign(device.describe(file))] as const;
    const first = await device.announce(jws[0]);
    await device.announce(jws[1]);
    expect((await device.tus.remove(first.json.upload)).status).toBe(204);
    const second = await device.announce(jws[1]);
    expect(second.status).toBe(201);
    const again = await device.announce(jws[0]);
    const kept = { action: "manifest.recorded", recordingId: second.json.recording } as const;
    await expectCustodyEvent(world().db, { ...kept, details: { sequence: 1 } });
    expect([again.status, again.json]).toMatchObject([200, { recording: second.json.recording, sequence: 1 }]);
    expect((await device.tus.patch(second.json.upload, 0, file)).status).toBe(204);
    expect(await seal(second.json.recording)).toMatchObject({ state: "sealed" });
  });
});
