import { createHash, randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { recordingKey } from "../lib/recordings/index.ts";
import { openFileBlobStore } from "../lib/storage/index.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../lib/testing/index.ts";
import { findUpload } from "./testing/find-upload.ts";
import { type ApiServer, startApiServer } from "./testing/start-api-server.ts";
import { ask, tusDevice } from "./testing/tus-client.ts";

const chunkSize = 400_000;
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("the tus endpoint", () => {
  const world = useTestDatabase();
  let server: ApiServer;
  let device: Awaited<ReturnType<typeof factories.makeDevice>>;
  let client: ReturnType<typeof tusDevice>;

  beforeAll(async () => {
    server = await startApiServer({ databaseUrl: world().databaseUrl, dataDir: world().dir });
    device = await factories.makeDevice(world().db);
    client = tusDevice(() => server.url, device.token);
  });
  afterAll(() => server.stop());

  const metadata = { filename: "gate.mp4", filetype: "video/mp4", chunk_size: String(chunkSize) };
  async function created(length: number | null, over: Record<string, string> = {}): Promise<string> {
    const answer = await client.create(length, { ...metadata, ...over });
    expect(answer.status).toBe(201);
    return String(answer.headers.location);
  }
  const recordingOf = (location: string) => findUpload(world().db, location);
  async function state(location: string) {
    return (await recordingOf(location)).recording.state;
  }
  const storedBytes = async (location: string) =>
    buffer(openFileBlobStore(`${world().dir}/storage`).read(recordingKey((await recordingOf(location)).recordingId)));

  it("takes a file in pieces of any size, and seals it with the SHA-256 that the device declared", async () => {
    const file = randomBytes(3 * chunkSize + 77_777);
    const location = await created(file.length, { sha256: sha256(file) });
    let offset = 0;
    for (const end of [1, 300_000, 400_000, 1_000_001, file.length]) {
      const answer = await client.patch(location, offset, file.subarray(offset, end));
      expect([answer.status, answer.headers["upload-offset"]]).toEqual([204, String(end)]);
      expect(answer.headers["strongroom-recording"]).toMatch(/^R-/);
      offset = end;
    }
    await vi.waitFor(async () => expect(await state(location)).toBe("sealed"), 10_000);
    const { recording, ...upload } = await recordingOf(location);
    expect(upload).toMatchObject({ state: "complete", interruptions: 0, leaseUntil: null });
    expect(Buffer.from(recording.sha256 ?? []).toString("hex")).toBe(sha256(file));
    expect(recording.chunks.map((chunk) => chunk.lengthBytes)).toEqual([chunkSize, chunkSize, chunkSize, 77_777]);
    recording.chunks.forEach((chunk, index) => {
      const bytes = file.subarray(index * chunkSize, (index + 1) * chunkSize);
      expect(Buffer.from(chunk.sha256 ?? []).toString("hex")).toBe(sha256(bytes));
      expect(chunk.receivedFrom).toBe("127.0.0.1");
    });
    expect(await storedBytes(location)).toEqual(file);
    const recordingId = recording.id;
    for (const action of ["upload.started", "recording.received", "recording.sealed"] as const)
      await expectCustodyEvent(world().db, { action, recordingId });
  });

  it("files a recording under the device's site, and for a device that moves under the site that it names", async () => {
    const home = await factories.makeSite(world().db, { name: "Depot Quart" });
    const named = await factories.makeSite(world().db, { name: "Banco Levante, Colón 12" });
    const camera = await factories.makeDevice(world().db, { siteId: home.id });
    const fixed = await tusDevice(() => server.url, camera.token).create(1, { place: named.name });
    expect((await recordingOf(String(fixed.headers.location))).recording.siteId).toBe(home.id);
    expect((await recordingOf(await created(1, { place: "banco levante, colón 12" }))).recording.siteId).toBe(named.id);
    expect((await recordingOf(await created(1, { place: "Elsewhere" }))).recording.siteId).toBeNull();
  });

  it("answers HEAD from the database, with the metadata exactly as it came", async () => {
    const header = "filename Z2F0ZS5tcDQ=,zebra,chunk_size NDAwMDAw,1 YQ==";
    const answer = await client.create(10, {}, { "Upload-Metadata": header });
    const head = await client.head(String(answer.headers.location));
    expect(head.status).toBe(200);
    expect(head.headers).toMatchObject({
      "upload-offset": "0",
      "upload-length": "10",
      "upload-metadata": header,
      "cache-control": "no-store",
      "tus-resumable": "1.0.0",
    });
  });

  it("keeps what arrived before a cut, and goes on from there", async () => {
    const file = randomBytes(1_500_000);
    const location = await created(file.length);
    const { request, answered } = client.openPatch(location, 0, file.length);
    request.write(file.subarray(0, 900_000));
    await vi.waitFor(async () => expect((await recordingOf(location)).offsetBytes).toBe(800_000n), 5_000);
    request.destroy();
    await expect(answered).rejects.toThrow();
    await vi.waitFor(async () => expect((await client.head(location)).headers["upload-offset"]).toBe("900000"), 5_000);
    const rest = await client.patch(location, 900_000, file.subarray(900_000));
    expect(rest.status).toBe(204);
    expect(await storedBytes(location)).toEqual(file);
    const { recordingId, interruptions } = await recordingOf(location);
    expect(interruptions).toBe(1);
    await expectCustodyEvent(world().db, { action: "upload.interrupted", recordingId, outcome: "failed" });
    await expectCustodyEvent(world().db, { action: "upload.resumed", recordingId });
  });

  it("opens an upload with its first bytes, and learns a length that was left open", async () => {
    const file = randomBytes(1_000_000);
    const first = await ask(`${server.url}/api/uploads`, {
      method: "POST",
      token: device.token,
      body: file.subarray(0, 600_000),
      headers: { "Upload-Defer-Length": "1", "Content-Type": "application/offset+octet-stream" },
    });
    expect([first.status, first.headers["upload-offset"]]).toEqual([201, "600000"]);
    const location = String(first.headers.location);
    expect((await client.head(location)).headers["upload-defer-length"]).toBe("1");
    const last = await client.patch(location, 600_000, file.subarray(600_000), { "Upload-Length": "1000000" });
    expect(last.status).toBe(204);
    expect((await recordingOf(location)).state).toBe("complete");
    const again = await client.patch(location, 1_000_000, new Uint8Array(), { "Upload-Length": "1000001" });
    expect(again.status).toBe(400);
  });

  it("learns at the end that everything was there", async () => {
    const location = await created(null);
    await client.patch(location, 0, randomBytes(1000));
    expect((await client.patch(location, 1000, new Uint8Array(), { "Upload-Length": "1000" })).status).toBe(204);
    await vi.waitFor(async () => expect(await state(location)).toBe("sealed"), 10_000);
  });

  it("takes an empty file", async () => {
    const location = await created(0, { sha256: sha256(new Uint8Array()) });
    await vi.waitFor(async () => expect(await state(location)).toBe("sealed"), 10_000);
    expect((await client.head(location)).headers["upload-offset"]).toBe("0");
  });

  it("says where the client stands when the offset is wrong, and changes nothing", async () => {
    const location = await created(1000);
    await client.patch(location, 0, randomBytes(400));
    const wrong = await client.patch(location, 0, randomBytes(1000));
    expect([wrong.status, wrong.headers["upload-offset"]]).toEqual([409, "400"]);
    expect(JSON.parse(wrong.body)).toMatchObject({ code: "offset_conflict", status: 409 });
    expect((await recordingOf(location)).offsetBytes).toBe(400n);
  });

  it("ends an unfinished upload, and never a finished one", async () => {
    const location = await created(1000);
    await client.patch(location, 0, randomBytes(400));
    expect((await client.remove(location)).status).toBe(204);
    expect((await client.head(location)).status).toBe(410);
    expect((await client.patch(location, 400, randomBytes(600))).status).toBe(410);
    expect((await client.remove(location)).status).toBe(410);
    const { recordingId } = await recordingOf(location);
    await expectCustodyEvent(world().db, { action: "upload.terminated", recordingId });
    expect(await openFileBlobStore(`${world().dir}/storage`).size(recordingKey(recordingId))).toBeNull();

    const whole = await created(400);
    await client.patch(whole, 0, randomBytes(400));
    expect((await client.remove(whole)).status).toBe(403);
    expect((await client.head(whole)).headers["upload-offset"]).toBe("400");
  });

  it("lets nobody in without a valid token, and creates nothing for them", async () => {
    const before = await world().db.upload.count();
    for (const token of [undefined, "srd_nonsense", "x".repeat(5000)]) {
      const answer = await ask(`${server.url}/api/uploads`, {
        method: "POST",
        ...(token === undefined ? {} : { token }),
        headers: { "Upload-Length": "10" },
      });
      expect(answer.status).toBe(401);
      expect(answer.headers["www-authenticate"]).toBe("Bearer");
    }
    const revoked = await factories.makeDevice(world().db, { state: "revoked" });
    const answer = await tusDevice(() => server.url, revoked.token).create(10);
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([401, "token_invalid"]);
    expect(await world().db.upload.count()).toBe(before);
  });

  it.each([
    ["token is revoked", { tokens: { updateMany: { where: {}, data: { revokedAt: new Date() } } } }],
    ["device is suspended", { state: "suspended" }],
  ] as const)(
    "lets a device in no more from the request after its %s, however well it was known",
    async (_, change) => {
      const { id, token } = await factories.makeDevice(world().db);
      const known = tusDevice(() => server.url, token);
      const location = String((await known.create(10)).headers.location);
      expect((await known.patch(location, 0, randomBytes(4))).status).toBe(204);
      expect((await known.head(location)).status).toBe(200);
      await world().db.device.update({ where: { id }, data: change });
      for (const answer of [await known.patch(location, 4, randomBytes(6)), await known.head(location)]) {
        expect([answer.status, answer.headers["www-authenticate"]]).toEqual([401, "Bearer"]);
        expect(answer.headers).not.toHaveProperty("strongroom-recording");
      }
      expect(await recordingOf(location)).toMatchObject({ offsetBytes: 4n, leaseUntil: null });
    },
  );

  it("shows a device only its own uploads", async () => {
    const location = await created(10);
    const other = tusDevice(() => server.url, (await factories.makeDevice(world().db)).token);
    const unknown = await other.head("/api/uploads/U-00000-00000");
    for (const answer of [await other.head(location), unknown]) expect(answer.status).toBe(404);
    expect((await other.patch(location, 0, randomBytes(10))).status).toBe(404);
    expect((await other.remove(location)).status).toBe(404);
    expect((await other.patch("/api/uploads/..%2f..%2fetc", 0, randomBytes(10))).status).toBe(404);
  });

  it("speaks the specification where @tus/server does not", async () => {
    const location = await created(10);
    const patch = { method: "PATCH", token: device.token, body: randomBytes(10) };
    const type = { "Content-Type": "application/offset+octet-stream" };
    const version = await ask(location, { ...patch, headers: { "Tus-Resumable": "0.2.2" } });
    expect([version.status, version.headers["tus-version"]]).toEqual([412, "1.0.0"]);
    expect((await ask(location, { ...patch, headers: { "Upload-Offset": "0" } })).status).toBe(415);
    expect((await ask(location, { ...patch, headers: type })).status).toBe(400);
    expect((await ask(location, { method: "GET", token: device.token })).status).toBe(405);
    const options = await ask(`${server.url}/api/uploads`, { method: "OPTIONS" });
    expect(options.status).toBe(204);
    expect(options.headers).toMatchObject({
      "tus-version": "1.0.0",
      "tus-extension": expect.stringContaining("creation,creation-with-upload,creation-defer-length,termination"),
    });
    const overridden = await ask(location, {
      ...patch,
      method: "POST",
      headers: { ...type, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH" },
    });
    expect(overridden.status).toBe(204);
  });

  it("refuses a body that is longer than what is left", async () => {
    const location = await created(1000);
    expect((await client.patch(location, 0, randomBytes(1001))).status).toBe(413);
    const chunked = await ask(location, {
      method: "PATCH",
      token: device.token,
      headers: {
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
        "Transfer-Encoding": "chunked",
      },
      body: null,
    });
    expect(chunked.status).toBe(204);
    expect((await recordingOf(location)).offsetBytes).toBe(0n);
  });

  it("says damage aloud when acknowledged bytes are gone", async () => {
    const location = await created(1_000_000);
    await client.patch(location, 0, randomBytes(500_000));
    const { recordingId } = await recordingOf(location);
    const writer = await openFileBlobStore(`${world().dir}/storage`).openWriter(recordingKey(recordingId), 499_999);
    await writer.close();
    const answer = await client.patch(location, 500_000, randomBytes(500_000));
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([500, "upload_damaged"]);
    await expectCustodyEvent(world().db, { action: "upload.damaged", recordingId, outcome: "failed" });
    expect((await client.head(location)).headers["upload-offset"]).toBe("500000");
  });

  it("cuts back bytes that were written and never acknowledged", async () => {
    const file = randomBytes(1_000_000);
    const location = await created(file.length, { sha256: sha256(file) });
    await client.patch(location, 0, file.subarray(0, 500_000));
    const { recordingId } = await recordingOf(location);
    const writer = await openFileBlobStore(`${world().dir}/storage`).openWriter(recordingKey(recordingId), 500_000);
    await writer.write([randomBytes(300_000)]);
    await writer.close();
    expect((await client.patch(location, 500_000, file.subarray(500_000))).status).toBe(204);
    await vi.waitFor(async () => expect(await state(location)).toBe("sealed"), 10_000);
  });

  it("does not wait for a lock to answer HEAD", async () => {
    const location = await created(2_000_000);
    const { request, answered } = client.openPatch(location, 0, 2_000_000);
    request.write(randomBytes(100_000));
    const drip = setInterval(() => request.write(randomBytes(1_000)), 50);
    const isHeld = async () => (await recordingOf(location)).leaseUntil !== null;
    await vi.waitFor(async () => expect(await isHeld()).toBe(true), 5_000);
    expect((await client.head(location)).status).toBe(200);
    // The PATCH has 100 s to go: nobody waited for its end, and nobody ended it.
    const patch = answered.then(
      () => "answered",
      () => "answered",
    );
    expect([await Promise.race([patch, "open"]), await isHeld()]).toEqual(["open", true]);
    clearInterval(drip);
    request.destroy();
    await expect(answered).rejects.toThrow();
  });

  it("lets a newer request take over from one that went silent", async () => {
    const file = randomBytes(2_000_000);
    const location = await created(file.length);
    const { request, answered } = client.openPatch(location, 0, file.length);
    request.write(file.subarray(0, 150_000));
    await sleep(800);
    const early = await client.patch(location, 0, file);
    expect([early.status, early.headers["upload-offset"]]).toEqual([409, "150000"]);
    expect((await answered).status).toBe(423);
    expect((await client.patch(location, 150_000, file.subarray(150_000))).status).toBe(204);
    expect(await storedBytes(location)).toEqual(file);
    request.destroy();
  });
});
