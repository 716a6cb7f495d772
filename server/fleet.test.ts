import { createHash } from "node:crypto";
import { request as httpRequest } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { acknowledgeGap, getDevice } from "../lib/devices/index.ts";
import { askForFile, getFleetDevice, listDeviceAlarms, listWantedFiles } from "../lib/fleet/index.ts";
import {
  buildStatement,
  canonicalJson,
  deviceHeartbeatPath,
  deviceStatementsPath,
  manifestSha256,
  maxSidecarBytes,
  recordingsPath,
  sidecarPath,
  signJws,
  signStatement,
  statementType,
} from "../lib/protocol/index.ts";
import { getRecording, sidecarKey } from "../lib/recordings/index.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../lib/testing/index.ts";
import { sealRecording } from "../lib/uploads/index.ts";
import { makeSigningDevice } from "./testing/signing-device.ts";
import { startTestArchive, type TestArchive } from "./testing/test-archive.ts";
import { ask } from "./testing/tus-client.ts";

const at = "2026-03-02T09:00:00Z";
const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");
type Signer = Awaited<ReturnType<typeof makeSigningDevice>>;
type Link = { sequence: number; sha256: string };

describe("what a device says beside its recordings", () => {
  const world = useTestDatabase();
  let archive: TestArchive;
  beforeAll(async () => {
    archive = await startTestArchive(world(), { settings: { DEVICE_REQUESTS_PER_SECOND: "0" } });
  });
  afterAll(() => archive.stop(0));

  const signer = () => makeSigningDevice(world(), () => archive.url);
  const admin = async () => world().context(await factories.makeAdmin(world().db));
  const linkOf = (manifest: { sequence: number }): Link => ({
    sequence: manifest.sequence,
    sha256: manifestSha256(Buffer.from(canonicalJson(manifest))),
  });

  async function post(path: string, token: string, body: string, type = "application/jose") {
    const headers = { "Content-Type": type };
    const answer = await ask(`${archive.url}${path}`, { method: "POST", token, body: Buffer.from(body), headers });
    return { status: answer.status, headers: answer.headers, json: JSON.parse(answer.body) };
  }
  const state = (device: Signer, jws: string, token = device.token) => post(deviceStatementsPath, token, jws);

  /** A tombstone for a manifest, signed as the link after `before`. */
  function tombstone(
    device: Signer,
    of: { manifest: ReturnType<Signer["describe"]> },
    before: Link,
    key = device.privateKey,
  ) {
    const { manifest } = of;
    const statement = buildStatement({
      kind: "tombstone",
      device: device.id,
      sequence: before.sequence + 1,
      previous: before.sha256,
      at,
      of: { sequence: manifest.sequence, manifestSha256: linkOf(manifest).sha256, remark: "not for custody" },
      reason: "evicted",
      sha256: manifest.sha256,
      sizeBytes: manifest.sizeBytes,
      fileName: manifest.fileName,
    });
    const link = { sequence: statement.sequence, sha256: sha256(canonicalJson(statement)) };
    return { jws: signStatement(statement, key), link };
  }

  test("a tombstone takes the next number, explains the recording that will not come, and refuses nothing", async () => {
    const device = await signer();
    const manifest = device.describe(Buffer.from("film one"));
    const announced = await device.announce(device.sign(manifest));
    const { jws, link } = tombstone(device, { manifest }, linkOf(manifest));
    const told = await state(device, jws);
    expect(told).toMatchObject({ status: 201, json: { ...link, chain: "in_order" } });
    expect(await state(device, jws)).toMatchObject({ status: 200, json: told.json });
    const recordingId = announced.json.recording;
    await expectCustodyEvent(world().db, {
      action: "statement.recorded",
      deviceId: device.id,
      recordingId,
      details: { sequence: 2, kind: "tombstone", reason: "evicted" },
    });
    const events = await world().db.custodyEvent.findMany({ where: { recordingId }, select: { details: true } });
    expect(JSON.stringify(events)).not.toContain("not for custody");
    expect(await world().db.custodyEvent.count({ where: { action: "statement.recorded", recordingId } })).toBe(1);
    expect((await getRecording(await admin(), recordingId)).willNotCome).toMatchObject({
      reason: "evicted",
      sequence: 2,
    });
    // The next manifest names the statement as the one before it.
    const next = device.describe(Buffer.from("film two"), { sequence: 3, previous: link.sha256 });
    const followed = await device.announce(device.sign(next));
    expect(followed.json).toMatchObject({ sequence: 3, chain: "in_order" });
    expect((await getRecording(await admin(), followed.json.recording)).manifests[0]?.isPreviousHere).toBe(true);
    // It comes all the same.
    expect((await device.announce(device.sign(manifest))).status).toBe(200);
    expect((await device.tus.patch(announced.json.upload, 0, Buffer.from("film one"))).status).toBe(204);
    await sealRecording(world().context(), { recordingId });
    expect(await getRecording(await admin(), recordingId)).toMatchObject({ state: "sealed", willNotCome: null });
  });

  test("a number that a tombstone names is explained, and its manifest may still come", async () => {
    const device = await signer();
    const lost = device.describe(Buffer.from("never announced"));
    const { jws, link } = tombstone(device, { manifest: lost }, linkOf(lost));
    expect(await state(device, jws)).toMatchObject({ status: 201, json: { sequence: 2, chain: "gap" } });
    await expectCustodyEvent(world().db, {
      action: "statement.gap_found",
      deviceId: device.id,
      details: { missingFrom: 1 },
    });
    expect(await getDevice(await admin(), device.id)).toMatchObject({
      manifests: { count: 0, lastSequence: 2, gaps: [] },
    });
    const own = (await listDeviceAlarms(await admin())).filter((alarm) => alarm.device.id === device.id);
    expect(own).toEqual([]);
    expect((await getFleetDevice(await admin(), device.id)).received).toMatchObject({
      lastSequence: 2,
      numbers: 1,
      missing: 0,
      tombstones: 1,
    });
    expect((await getFleetDevice(await admin(), device.id)).statements).toMatchObject([
      { sequence: 2, kind: "tombstone", reason: "evicted", what: "rear.mp4", ofSequence: 1, recordingId: null },
    ]);
    const late = await device.announce(device.sign(lost));
    expect([late.status, late.json.chain]).toEqual([201, "first"]);
    // Another manifest of that number is a contradiction.
    const other = await device.announce(
      device.sign(device.describe(Buffer.from("another"), { sequence: 1, previous: null })),
    );
    expect([other.status, other.json.chain]).toEqual([201, "fork"]);
    const ahead = device.describe(Buffer.from("far ahead"), { sequence: 9, previous: link.sha256 });
    expect((await device.announce(device.sign(ahead))).json.chain).toBe("gap");
    const alarms = (await listDeviceAlarms(await admin())).filter((alarm) => alarm.device.id === device.id);
    expect(alarms.map(({ kind, sentence }) => [kind, sentence])).toEqual([
      ["chain_fork", "It signed 1 number that contradicts what it signed before."],
      ["chain_gap", "6 numbers of its chain are missing without a word why."],
    ]);
    expect((await getFleetDevice(await admin(), device.id)).received.missing).toBe(6);
  });

  test("a manifest that was taken for lost is taken all the same, and custody is told", async () => {
    const device = await signer();
    await device.announce(device.sign(device.describe(Buffer.from("two"), { sequence: 2, previous: sha256("one") })));
    const { id } = await acknowledgeGap(await admin(), { deviceId: device.id, numbers: "1", reason: "Lost." });
    const one = device.describe(Buffer.from("one"), { sequence: 1, previous: null });
    const { status, json } = await device.announce(device.sign(one));
    expect(status).toBe(201);
    await expectCustodyEvent(world().db, {
      action: "device.missing_arrived",
      deviceId: device.id,
      recordingId: json.recording,
      details: { acknowledgementId: id, sequence: 1 },
    });
    expect((await getDevice(await admin(), device.id)).manifests?.acknowledged).toMatchObject([{ id, missing: 0 }]);
  });

  test("two statements of one number are a fork, also at the same time; both are kept", async () => {
    const device = await signer();
    const gap = (reason: string) =>
      signStatement(
        buildStatement({
          kind: "gap",
          device: device.id,
          sequence: 1,
          previous: null,
          at,
          source: "rear",
          from: at,
          until: at,
          reason,
        }),
        device.privateKey,
      );
    const [same, jws] = [gap("no picture"), gap("no power")];
    const answers = await Promise.all([state(device, same), state(device, same), state(device, jws)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 201, 201]);
    expect(new Set(answers.map(({ json }) => json.chain))).toEqual(new Set(["first", "fork"]));
    await expectCustodyEvent(world().db, { action: "statement.fork_found", deviceId: device.id });
    const { statements } = await getFleetDevice(await admin(), device.id);
    expect(statements.map(({ what, isFork }) => [what, isFork]).sort()).toEqual([
      ["rear", false],
      ["rear", true],
    ]);
  });

  test("what a key does not prove is refused, and custody is told", async () => {
    const { db } = world();
    const device = await signer();
    const other = await signer();
    const manifest = device.describe(Buffer.from("x"));
    const { jws } = tombstone(device, { manifest }, linkOf(manifest));
    const stranger = tombstone(device, { manifest }, linkOf(manifest), other.privateKey).jws;
    const problem = async (token: string, body: string) => {
      const { status, json } = await state(device, body, token);
      return [status, json.code];
    };
    expect(await problem(device.token, stranger)).toEqual([403, "manifest_key_unknown"]);
    expect(await problem(other.token, jws)).toEqual([403, "manifest_key_unknown"]);
    await expectCustodyEvent(db, { action: "statement.refused", outcome: "refused", deviceId: device.id });
    const [head = "", , tail = ""] = jws.split(".");
    const lie = Buffer.from(JSON.stringify({ version: 1 })).toString("base64url");
    expect(await problem(device.token, `${head}.${lie}.${tail}`)).toEqual([403, "manifest_signature_invalid"]);
    expect(await problem(device.token, device.sign(manifest))).toEqual([400, "statement_invalid"]);
    expect(await problem(device.token, "hello")).toEqual([400, "statement_invalid"]);
    expect(await problem("srd_nobody", jws)).toEqual([401, "token_invalid"]);
    const long = signJws(Buffer.from("{}"), device.privateKey, { kid: `${"k".repeat(99)}🚓`, typ: statementType });
    expect(await problem(device.token, long)).toEqual([403, "manifest_key_unknown"]);
    await db.deviceKey.update({ where: { kid: device.kid }, data: { untilSequence: 2 } });
    expect(await problem(device.token, jws)).toEqual([403, "manifest_key_unknown"]);
    await db.deviceKey.update({ where: { kid: device.kid }, data: { revokedAt: new Date() } });
    expect(await problem(device.token, jws)).toEqual([403, "manifest_key_unknown"]);
    expect(await db.chainStatement.count({ where: { deviceId: device.id } })).toBe(0);
  });

  test("a key that hands over at the same moment signs no number that is the next one's", async () => {
    const { db } = world();
    const device = await signer();
    const manifest = device.describe(Buffer.from("at the same moment"));
    const { jws } = tombstone(device, { manifest }, linkOf(manifest));
    // So that nobody waits for the device before its key was looked at.
    await db.device.update({ where: { id: device.id }, data: { lastSeenAt: world().clock.now() } });
    const waiting = async () => {
      const [row] = await db.$queryRaw<{ count: number }[]>`
        SELECT count(*)::int AS count FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
      return row?.count;
    };
    const answers = await db.$transaction(async (tx) => {
      await tx.$queryRaw`SELECT 1 FROM device WHERE id = ${device.id} FOR UPDATE`;
      const both = [device.announce(device.sign(manifest)), state(device, jws)];
      await expect.poll(waiting, { timeout: 4_000 }).toBe(2);
      await tx.deviceKey.update({ where: { kid: device.kid }, data: { untilSequence: 1 } });
      return { both };
    });
    expect((await Promise.all(answers.both)).map(({ status }) => status)).toEqual([403, 403]);
    expect(await db.manifest.count({ where: { deviceId: device.id } })).toBe(0);
    expect(await db.chainStatement.count({ where: { deviceId: device.id } })).toBe(0);
  });

  const track = Buffer.from("<gpx version='1.1'></gpx>");
  const putSidecar = (token: string, recording: string, name: string, body: Uint8Array) =>
    ask(`${archive.url}${sidecarPath(recording, name)}`, { method: "PUT", token, body, version: null });

  async function withTrack() {
    const device = await signer();
    const sidecars = [
      { name: "rear ñ.gpx", sizeBytes: track.length, sha256: sha256(track) },
      { name: "words.vtt", sizeBytes: 3, sha256: sha256("abc") },
      { name: "page.html", sizeBytes: 3, sha256: sha256("abc") },
    ];
    const manifest = device.describe(Buffer.from("film with a track"), { sidecars });
    const { json } = await device.announce(device.sign(manifest));
    return { device, recording: json.recording as string };
  }

  test("a sidecar comes once, as the manifest names it, and is read by who may read the recording", async () => {
    const { device, recording } = await withTrack();
    const put = (name: string, body: Uint8Array = track) => putSidecar(device.token, recording, name, body);
    const first = await put("rear ñ.gpx");
    expect([first.status, JSON.parse(first.body)]).toMatchObject([
      201,
      { sizeBytes: track.length, sha256: sha256(track) },
    ]);
    expect(await put("rear ñ.gpx")).toMatchObject({ status: 200, body: first.body });
    await expectCustodyEvent(world().db, { action: "sidecar.received", recordingId: recording, actorId: device.id });
    expect(await world().db.custodyEvent.count({ where: { action: "sidecar.received" } })).toBe(1);
    const { sidecars } = await getRecording(await admin(), recording);
    expect(sidecars.map(({ name, receivedAt }) => [name, receivedAt !== null])).toEqual([
      ["page.html", false],
      ["rear ñ.gpx", true],
      ["words.vtt", false],
    ]);
    const officer = await factories.makeOfficer(world().db);
    const path = sidecarPath(recording, "rear ñ.gpx");
    expect((await archive.get(path, null)).status).toBe(401);
    expect((await archive.get(path, officer)).status).toBe(403);
    expect((await archive.get(path, await factories.makeRequester(world().db))).status).toBe(404);
    const openedAt = world().clock.now();
    const openUntil = new Date(openedAt.getTime() + 60_000);
    const grant = { id: "G-00000-00S1D", recordingId: recording, accountId: officer.accountId, purpose: "a look" };
    await world().db.accessGrant.create({ data: { ...grant, openedAt, openUntil } });
    const read = await archive.get(path, officer);
    expect(read.bytes).toEqual(track);
    expect(read.headers).toMatchObject({
      "content-type": "application/gpx+xml",
      "x-content-type-options": "nosniff",
      "content-disposition": expect.stringMatching(/^attachment; /),
      "repr-digest": `sha-256=:${createHash("sha256").update(track).digest("base64")}:`,
    });
    await expectCustodyEvent(world().db, { action: "sidecar.opened", recordingId: recording, purpose: "a look" });
    const own = await ask(`${archive.url}${path}`, { method: "GET", token: device.token, version: null });
    expect([own.status, own.body]).toEqual([200, track.toString()]);
    const other = await signer();
    expect((await ask(`${archive.url}${path}`, { method: "GET", token: other.token, version: null })).status).toBe(404);
    // Bytes that are not any more what came are not handed out.
    await world().storage.remove(sidecarKey(recording, sha256(track)));
    await world().storage.put(sidecarKey(recording, sha256(track)), Buffer.from("other"));
    expect((await archive.get(path, officer)).status).toBe(500);
  });

  test("what no manifest names so is refused, and nothing of it is kept", async () => {
    const { device, recording } = await withTrack();
    const code = async (answer: Promise<{ status: number; body: string }>) => {
      const { status, body } = await answer;
      return [status, JSON.parse(body).code];
    };
    const put = (name: string, body: Uint8Array = track, token = device.token) =>
      putSidecar(token, recording, name, body);
    expect(await code(put("other.gpx"))).toEqual([409, "conflict"]);
    expect(await code(put("rear ñ.gpx", Buffer.from("<gpx/>")))).toEqual([460, "checksum_mismatch"]);
    expect(await code(put("page.html", Buffer.from("abc")))).toEqual([415, "unsupported_media_type"]);
    expect(await code(put("../../x.gpx"))).toEqual([409, "conflict"]);
    expect(await code(put("words.vtt", new Uint8Array(maxSidecarBytes + 1)))).toEqual([413, "too_large"]);
    expect(await code(put("words.vtt", Buffer.from("abc"), (await signer()).token))).toEqual([404, "not_found"]);
    expect(await code(put("words.vtt", Buffer.from("abc"), "srd_nobody"))).toEqual([401, "token_invalid"]);
    expect(await world().db.sidecar.count({ where: { recordingId: recording } })).toBe(0);
    for await (const key of world().storage.list(`sidecars/${recording}`)) expect(key).toBe("nothing");
  });

  test("sidecars take room of their device's quota", async () => {
    const { db, storage } = world();
    const { device, recording } = await withTrack();
    const put = (name: string, body: Uint8Array) => putSidecar(device.token, recording, name, body);
    const { promisedBytes } = (await getDevice(await admin(), device.id)).space;
    const quotaBytes = promisedBytes + track.length + 2;
    await db.device.update({ where: { id: device.id }, data: { quotaBytes } });
    expect((await put("rear ñ.gpx", track)).status).toBe(201);
    expect((await getDevice(await admin(), device.id)).space).toMatchObject({
      storedBytes: track.length,
      promisedBytes,
    });
    const full = await put("words.vtt", Buffer.from("abc"));
    expect([full.status, JSON.parse(full.body).code]).toEqual([507, "insufficient_storage"]);
    expect(await storage.size(sidecarKey(recording, sha256("abc")))).toBeNull();
    expect((await put("rear ñ.gpx", track)).status).toBe(200);
    await db.device.update({ where: { id: device.id }, data: { quotaBytes: quotaBytes + 1 } });
    expect((await put("words.vtt", Buffer.from("abc"))).status).toBe(201);
  });

  test("nothing is taken of a body that came so slowly that its device was refused meanwhile", async () => {
    const { db } = world();
    const { device, recording } = await withTrack();
    const manifest = device.describe(Buffer.from("not to come"));
    const beat = { version: 1, instance: { bootId: "b", process: "p" } };
    const uploader = { version: "1", runtime: "node", platform: "linux" };
    const { jws } = tombstone(device, { manifest }, linkOf(manifest));
    const finish = [
      await slowly(device, "PUT", sidecarPath(recording, "rear ñ.gpx"), track),
      await slowly(device, "POST", deviceHeartbeatPath, JSON.stringify({ ...beat, uploader })),
      await slowly(device, "POST", deviceStatementsPath, jws),
      await slowly(device, "POST", recordingsPath, device.sign(manifest)),
    ];
    await db.device.update({ where: { id: device.id }, data: { state: "revoked" } });
    expect(await Promise.all(finish.map((end) => end()))).toEqual([401, 401, 401, 401]);
    expect(await db.manifest.count({ where: { deviceId: device.id } })).toBe(1);
    expect(await db.sidecar.count({ where: { recordingId: recording } })).toBe(0);
    expect(await db.deviceHeartbeat.count({ where: { deviceId: device.id } })).toBe(0);
    expect(await db.deviceContact.count({ where: { deviceId: device.id } })).toBe(0);
    expect(await db.chainStatement.count({ where: { deviceId: device.id } })).toBe(0);
  });

  /** Sends all of a body but its last byte; once the device is let in, gives what sends the rest and has the status. */
  async function slowly({ id, token }: Signer, method: string, path: string, body: Uint8Array | string) {
    const { db } = world();
    const bytes = Buffer.from(body);
    await db.device.update({ where: { id }, data: { lastSeenAt: null } });
    const type = { "Content-Type": "application/jose", "Content-Length": bytes.length };
    const request = httpRequest(`${archive.url}${path}`, {
      method,
      headers: { ...type, Authorization: `Bearer ${token}` },
    });
    const answered = new Promise<number>((resolve, reject) => {
      request.on("response", (response) => resolve(response.resume().statusCode ?? 0)).on("error", reject);
    });
    request.write(bytes.subarray(0, -1));
    const seenAt = async () => (await db.device.findUniqueOrThrow({ where: { id } })).lastSeenAt;
    await expect.poll(seenAt, { timeout: 10_000 }).not.toBeNull();
    return () => {
      request.end(bytes.subarray(-1));
      return answered;
    };
  }

  test("one that was cut off by a kill between its bytes and its row comes whole the next time", async () => {
    const { device, recording } = await withTrack();
    const key = sidecarKey(recording, sha256(track));
    await world().storage.put(key, track.subarray(0, 5));
    expect((await putSidecar(device.token, recording, "rear ñ.gpx", track)).status).toBe(201);
    expect(await world().storage.size(key)).toBe(track.length);
    const both = await Promise.all(
      [1, 2, 3].map(() => putSidecar(device.token, recording, "words.vtt", Buffer.from("abc"))),
    );
    expect(both.map(({ status }) => status).sort()).toEqual([200, 200, 201]);
  });

  test("a file that was asked for ends as arrived when its recording is sealed", async () => {
    const { db } = world();
    const device = await signer();
    const officer = world().context(await factories.makeOfficer(db));
    const byName = await askForFile(officer, { deviceId: device.id, fileName: "rear.mp4" });
    const other = await askForFile(officer, {
      deviceId: device.id,
      fileName: "rear.mp4",
      sha256: sha256("something else"),
    });
    const { json } = await device.announce(device.sign(device.describe(Buffer.from("asked for"))));
    await device.tus.patch(json.upload, 0, Buffer.from("asked for"));
    await sealRecording(world().context(), { recordingId: json.recording });
    const rows = await listWantedFiles(officer, { deviceId: device.id });
    expect(rows.map(({ id, state, recordingId }) => [id, state, recordingId])).toEqual(
      expect.arrayContaining([
        [byName.id, "arrived", json.recording],
        [other.id, "open", null],
      ]),
    );
    await expectCustodyEvent(db, { action: "wanted.arrived", recordingId: json.recording, deviceId: device.id });
  });

  test("who watches hears of heartbeats, about once a second however many there are, and no longer than their session", async () => {
    const device = await factories.makeDevice(world().db);
    const person = await factories.makeOfficer(world().db);
    const cookie = await archive.cookie(person);
    const events: string[] = [];
    const watching = httpRequest(`${archive.url}/api/devices/live`, { agent: false, headers: { Cookie: cookie } });
    const ended = new Promise<void>((resolve) => {
      watching.once("response", (response) => {
        response.setEncoding("utf8").on("data", (text: string) => events.push(text));
        response.once("close", resolve);
      });
    });
    watching.on("error", () => undefined).end();
    const heard = (count: number) =>
      expect
        .poll(() => events.join("").split("event: changed").length - 1, { timeout: 10_000 })
        .toBeGreaterThanOrEqual(count);
    await expect.poll(() => events.join("")).toContain("retry:");
    const beat = JSON.stringify({
      version: 1,
      instance: { bootId: "b", process: "p" },
      uploader: { version: "1", runtime: "n", platform: "l" },
    });
    const send = () => post(deviceHeartbeatPath, device.token, beat, "application/json");
    expect((await send()).headers["cache-control"]).toBe("no-store");
    await heard(1);
    const begunAt = performance.now();
    for (let count = 0; count < 20; count++) expect((await send()).status).toBe(200);
    await heard(2);
    const seconds = (performance.now() - begunAt) / 1000;
    expect(events.join("").split("event: changed").length - 1).toBeLessThanOrEqual(3 + Math.ceil(seconds));
    await world().db.account.update({ where: { id: person.accountId }, data: { state: "disabled" } });
    await send();
    await ended;
  });
});
