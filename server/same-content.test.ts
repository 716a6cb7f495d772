import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getDevice } from "../lib/devices/index.ts";
import { getManifest, getRecording, listRecordings, recordingKey } from "../lib/recordings/index.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../lib/testing/index.ts";
import { quarantineRecording, sealRecording } from "../lib/uploads/index.ts";
import { makeSigningDevice } from "./testing/signing-device.ts";
import { startTestArchive, type TestArchive } from "./testing/test-archive.ts";
import { ask, tusDevice } from "./testing/tus-client.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("the same content", () => {
  const world = useTestDatabase();
  let archive: TestArchive;
  beforeAll(async () => {
    archive = await startTestArchive(world());
  });
  afterAll(() => archive.stop());

  async function device() {
    const made = await factories.makeDevice(world().db);
    return { id: made.id, token: made.token, ...tusDevice(() => archive.url, made.token) };
  }
  const officer = async () => world().context(await factories.makeOfficer(world().db));
  const seal = (recordingId: string) => sealRecording(world().context(), { recordingId });
  const spoil = async (recordingId: string) => {
    await world().storage.remove(recordingKey(recordingId));
  };
  /** Sends a file whole and has it sealed. */
  async function sent(
    from: Awaited<ReturnType<typeof device>>,
    file: Uint8Array,
    metadata: Record<string, string> = {},
  ) {
    const created = await from.create(file.length, metadata);
    const recordingId = String(created.headers["strongroom-recording"]);
    await from.patch(String(created.headers.location), 0, file);
    await seal(recordingId);
    return recordingId;
  }

  test("declared again by one device is answered with the upload that is there, whole or not", async () => {
    const camera = await device();
    const file = randomBytes(500_000);
    const metadata = { sha256: sha256(file), filename: "a.mp4" };
    const first = await camera.create(file.length, metadata);
    expect(first.headers["upload-offset"]).toBeUndefined();
    const again = await camera.create(file.length, metadata);
    expect([again.status, again.headers.location]).toEqual([201, first.headers.location]);
    await camera.patch(String(first.headers.location), 0, file.subarray(0, 1_000));
    const resumed = await camera.create(file.length, { ...metadata, filename: "b.mp4" });
    expect(resumed.headers).toMatchObject({
      location: first.headers.location,
      "upload-offset": "1000",
      "strongroom-recording": first.headers["strongroom-recording"],
    });
    await camera.patch(String(first.headers.location), 1_000, file.subarray(1_000));
    const whole = await camera.create(file.length, metadata);
    expect(whole.headers).toMatchObject({ location: first.headers.location, "upload-offset": String(file.length) });
    expect(await world().db.recording.count({ where: { deviceId: camera.id } })).toBe(1);
  });

  test("declared again with a body: the bytes that are here are not taken twice", async () => {
    const camera = await device();
    const file = randomBytes(5_000);
    const metadata = { sha256: sha256(file) };
    const first = await camera.create(file.length, metadata);
    await camera.patch(String(first.headers.location), 0, file.subarray(0, 2_000));
    const again = await camera.createWith(file.length, metadata, file);
    expect([again.status, again.headers["upload-offset"]]).toEqual([201, "2000"]);
    expect((await camera.head(String(first.headers.location))).headers["upload-offset"]).toBe("2000");
  });

  test("is not looked for in an upload that waits for its length by who has told it, and is not asked again", async () => {
    const camera = await device();
    const file = randomBytes(5_000);
    const metadata = { sha256: sha256(file) };
    const unknown = await camera.create(null, metadata);
    expect((await camera.create(null, metadata)).headers.location).toBe(unknown.headers.location);
    const known = await camera.create(file.length, metadata);
    await camera.patch(String(known.headers.location), 0, file);
    const recordingId = String(known.headers["strongroom-recording"]);
    expect(await world().db.recording.findUnique({ where: { id: recordingId } })).toMatchObject({ state: "received" });
  });

  test("is not looked for in an upload of the IETF draft that has all bytes and was not called complete", async () => {
    const camera = await device();
    const file = randomBytes(1_000);
    const digest = createHash("sha256").update(file).digest("base64");
    const headers = {
      "Upload-Draft-Interop-Version": "8",
      "Upload-Complete": "?0",
      "Upload-Length": String(file.length),
      "Repr-Digest": `sha-256=:${digest}:`,
    };
    const { token } = camera;
    const waiting = await ask(`${archive.url}/api/uploads`, {
      method: "POST",
      token,
      body: file,
      headers,
      version: null,
    });
    expect(waiting.headers).toMatchObject({ "upload-offset": "1000", "upload-complete": "?0" });
    const created = await camera.create(file.length, { sha256: sha256(file) });
    expect(created.headers["upload-offset"]).toBeUndefined();
    expect((await camera.patch(String(created.headers.location), 0, file)).status).toBe(204);
  });

  test("declared by forty requests at once is one recording", async () => {
    const camera = await device();
    const metadata = { sha256: sha256(randomBytes(10)) };
    const answers = await Promise.all(Array.from({ length: 40 }, () => camera.create(10, metadata)));
    expect(new Set(answers.map(({ headers }) => headers.location)).size).toBe(1);
    expect(await world().db.recording.count({ where: { deviceId: camera.id } })).toBe(1);
  });

  test.each([
    ["ended", async (camera: Awaited<ReturnType<typeof device>>, location: string) => camera.remove(location)],
    [
      "quarantined",
      async (camera: Awaited<ReturnType<typeof device>>, location: string, recordingId: string) => {
        await camera.patch(location, 0, randomBytes(1_000));
        await seal(recordingId);
      },
    ],
  ])("counts for nothing when it was %s", async (_, spoil) => {
    const camera = await device();
    const metadata = { sha256: sha256(randomBytes(1_000)) };
    const first = await camera.create(1_000, metadata);
    await spoil(camera, String(first.headers.location), String(first.headers["strongroom-recording"]));
    const second = await camera.create(1_000, metadata);
    expect(second.headers.location).not.toBe(first.headers.location);
  });

  test("sent twice without a word is found when it is sealed: the second names the first, and lists show one", async () => {
    const camera = await device();
    const file = randomBytes(700_000);
    const [first, second] = [await sent(camera, file), await sent(camera, file)];
    expect(first).not.toBe(second);
    const event = await expectCustodyEvent(world().db, { action: "recording.repeated", recordingId: second });
    expect(event.details).toEqual({ repeatOf: first });
    const ctx = await officer();
    expect(await getRecording(ctx, second)).toMatchObject({ state: "sealed", repeatOf: first, repeats: [] });
    expect(await getRecording(ctx, first)).toMatchObject({ repeatOf: null, repeats: [second] });
    const { rows, total } = await listRecordings(ctx, { deviceId: camera.id });
    expect([rows.map(({ id }) => id), total]).toEqual([[first], 1]);
    // When the first is found damaged later, the second stands for the bytes.
    await spoil(first);
    await quarantineRecording(world().context(), { recordingId: first });
    await expectCustodyEvent(world().db, { action: "recording.promoted", recordingId: second });
    expect(await getRecording(ctx, second)).toMatchObject({ repeatOf: null });
    // A third that declares it is that one again.
    const third = await camera.create(file.length, { sha256: sha256(file) });
    expect(third.headers["strongroom-recording"]).toBe(second);
  });

  test("two that are sealed at the same time are one and its repeat", async () => {
    const camera = await device();
    const file = randomBytes(1_000);
    const ids = await Promise.all(
      [0, 1].map(async () => {
        const created = await camera.create(file.length);
        await camera.patch(String(created.headers.location), 0, file);
        return String(created.headers["strongroom-recording"]);
      }),
    );
    await Promise.all(ids.map(seal));
    const rows = await world().db.recording.findMany({ where: { id: { in: ids } } });
    expect(rows.map(({ state }) => state)).toEqual(["sealed", "sealed"]);
    expect(rows.filter(({ repeatOfId }) => repeatOfId === null)).toHaveLength(1);
  });

  test("from two devices is two recordings that name each other, to those who may know", async () => {
    const [one, two] = [await device(), await device()];
    const file = randomBytes(2_000);
    const metadata = { sha256: sha256(file) };
    const [a, b] = [await sent(one, file, metadata), await sent(two, file, metadata)];
    expect(a).not.toBe(b);
    const ctx = await officer();
    expect((await getRecording(ctx, a)).sameBytes).toMatchObject([{ id: b, device: { id: two.id } }]);
    expect((await getRecording(ctx, b)).sameBytes).toMatchObject([{ id: a, device: { id: one.id } }]);
    expect((await listRecordings(ctx, { digest: sha256(file) })).rows).toHaveLength(2);
    const release = await factories.makeRelease(world().db, { recordingIds: [a] });
    const requester = world().context(release.requester);
    world().clock.set(new Date("2026-06-01T08:00:00Z"));
    expect((await getRecording(requester, a)).sameBytes).toEqual([]);
  });

  test("is found by its manifest, which pages and the API show with its place in the chain", async () => {
    const camera = await makeSigningDevice(world(), () => archive.url);
    const file = randomBytes(2_000);
    const clock = { source: "ntp", offsetMs: -12.5, uncertaintyMs: 40 };
    const jws = camera.sign(camera.describe(file, { clock, tags: ["gate"], complete: false }));
    const { recording } = (await camera.announce(jws)).json;
    const late = camera.sign(camera.describe(file, { sequence: 3, previous: "ab".repeat(32) }));
    expect((await camera.announce(late)).json).toMatchObject({ recording, chain: "gap" });
    const ctx = await officer();
    const { manifests } = await getRecording(ctx, recording);
    expect(manifests).toMatchObject([
      {
        sequence: 1,
        chain: "first",
        previousSha256: null,
        kid: camera.kid,
        chunkCount: 1,
        facts: { clock, complete: false },
      },
      { sequence: 3, chain: "gap", isPreviousHere: false },
    ]);
    expect((await getManifest(ctx, recording, null)).jws).toBe(jws);
    expect((await getManifest(ctx, recording, manifests[1]?.sha256 ?? "")).jws).toBe(late);
    await expect(getManifest(ctx, recording, "ab".repeat(32))).rejects.toMatchObject({ code: "not_found" });
    expect((await getDevice(ctx, camera.id)).manifests).toMatchObject({
      count: 2,
      lastSequence: 3,
      gaps: [{ first: 2, last: 2 }],
      forks: [],
    });
    const stranger = world().context(await factories.makeRequester(world().db));
    await expect(getManifest(stranger, recording, null)).rejects.toMatchObject({ code: "not_found" });
  });
});
