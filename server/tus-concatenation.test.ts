import { createHash, randomBytes } from "node:crypto";
import { truncate } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Upload } from "tus-js-client";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { checkArchive, type Problem } from "../lib/check/index.ts";
import { systemClock } from "../lib/clock.ts";
import { encodeMetadataHeader } from "../lib/protocol/index.ts";
import { openFileBlobStore } from "../lib/storage/index.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../lib/testing/index.ts";
import { assembleUpload, expireUploads, partKey, sweepParts } from "../lib/uploads/index.ts";
import { findUpload } from "./testing/find-upload.ts";
import { type ApiServer, startApiServer } from "./testing/start-api-server.ts";
import { type Answer, ask, tusDevice } from "./testing/tus-client.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const idOf = (location: string) => location.split("/").at(-1) ?? "";
const problemOf = ({ status, body }: Answer): unknown[] => [status, JSON.parse(body).code, JSON.parse(body).field];

describe("tus 1.0, concatenation", () => {
  const world = useTestDatabase();
  let server: ApiServer;
  let device: Awaited<ReturnType<typeof factories.makeDevice>>;
  let client: ReturnType<typeof tusDevice>;
  let endpoint: string;
  const start = (hasWorkers = true) =>
    startApiServer({ databaseUrl: world().databaseUrl, dataDir: world().dir, hasWorkers });

  beforeAll(async () => {
    server = await start();
    device = await factories.makeDevice(world().db);
    client = tusDevice(() => server.url, device.token);
    endpoint = `${server.url}/api/uploads`;
  });
  afterAll(() => server.stop());

  const storage = () => openFileBlobStore(join(world().dir, "storage"));
  const fileOf = (location: string) => join(world().dir, "storage", partKey(idOf(location)));
  const rowOf = (location: string) => world().db.upload.findUniqueOrThrow({ where: { id: idOf(location) } });
  const job = (name: string) => world().context({ kind: "system", name }, { clock: systemClock, storage: storage() });

  async function part(content: Uint8Array | null, length: number | null = content?.length ?? null): Promise<string> {
    const answer = await client.create(length, {}, { "Upload-Concat": "partial" });
    expect(answer.status).toBe(201);
    const location = String(answer.headers.location);
    if (content !== null && content.length > 0) expect((await client.patch(location, 0, content)).status).toBe(204);
    return location;
  }
  const final = (parts: string[], headers: Record<string, string> = {}, token = device.token) =>
    ask(`${server.url}/api/uploads`, {
      method: "POST",
      token,
      headers: { "Upload-Concat": `final;${parts.join(" ")}`, ...headers },
    });
  async function sealed(location: string) {
    await vi.waitFor(async () => expect((await findUpload(world().db, location)).recording.state).toBe("sealed"), {
      timeout: 15_000,
      interval: 30,
    });
    return findUpload(world().db, location);
  }

  it("OPTIONS names it, and that parts may be unfinished", async () => {
    const { headers } = await ask(endpoint, { method: "OPTIONS" });
    expect(String(headers["tus-extension"]).split(",")).toEqual(
      expect.arrayContaining(["concatenation", "concatenation-unfinished"]),
    );
  });

  it("puts parts together in the order that the final upload names, on the file's own grid, and seals it", async () => {
    const file = randomBytes(1_300_001);
    const cuts = [0, 500_000, 500_001, 1_300_001];
    const pieces = [0, 1, 2].map((index) => file.subarray(cuts[index], cuts[index + 1]));
    const [c, a, b] = [await part(pieces[2] ?? null), await part(pieces[0] ?? null), await part(pieces[1] ?? null)];
    const metadata = { filename: "gate.mp4", filetype: "video/mp4", sha256: sha256(file), chunk_size: "400000" };
    // "The partial uploads URLs MAY be absolute or relative".
    const relative = new URL(b).pathname;
    const made = await final([a, relative, c], { "Upload-Metadata": encodeMetadataHeader(Object.entries(metadata)) });
    expect(made.status).toBe(201);
    const location = String(made.headers.location);
    const { recording, recordingId } = await sealed(location);
    expect(made.headers["strongroom-recording"]).toBe(recordingId);
    expect(recording).toMatchObject({ fileName: "gate.mp4", sizeBytes: 1_300_001n, deviceId: device.id });
    expect(Buffer.from(recording.sha256 ?? []).toString("hex")).toBe(sha256(file));
    expect(recording.chunks.map(({ lengthBytes }) => lengthBytes)).toEqual([400_000, 400_000, 400_000, 100_001]);
    for (const chunk of recording.chunks) {
      const bytes = file.subarray(Number(chunk.offsetBytes), Number(chunk.offsetBytes) + chunk.lengthBytes);
      expect(Buffer.from(chunk.sha256 ?? []).toString("hex")).toBe(sha256(bytes));
    }
    const head = await client.head(location);
    expect(head.headers).toMatchObject({
      "upload-offset": "1300001",
      "upload-length": "1300001",
      "upload-concat": `final;${a} ${relative} ${c}`,
    });
    expect(head.headers).not.toHaveProperty("upload-expires");
    await vi.waitFor(async () => expect(await storage().size(partKey(idOf(a)))).toBeNull());
    await expectCustodyEvent(world().db, { action: "upload.part_received", deviceId: device.id });
    await expectCustodyEvent(world().db, { action: "recording.received", recordingId, actorKind: "system" });
  });

  it("a part is no recording: nothing is in the catalogue, and its metadata stays its own", async () => {
    const before = await world().db.recording.count();
    const answer = await client.create(5, { filename: "part.mp4" }, { "Upload-Concat": "partial" });
    expect(answer.headers).not.toHaveProperty("strongroom-recording");
    const location = String(answer.headers.location);
    await client.patch(location, 0, Buffer.from("hello"));
    expect(await world().db.recording.count()).toBe(before);
    // "Response to HEAD request against partial or final upload MUST include the Upload-Concat header".
    expect((await client.head(location)).headers).toMatchObject({
      "upload-concat": "partial",
      "upload-offset": "5",
      "upload-length": "5",
      "upload-metadata": encodeMetadataHeader([["filename", "part.mp4"]]),
    });
    const { recording } = await sealed(String((await final([location])).headers.location));
    expect(recording.fileName).toBe("recording");
  });

  it("keeps a part's bytes over interruptions, like a file's", async () => {
    const content = randomBytes(900_000);
    const location = await part(null, content.length);
    const { request, answered } = client.openPatch(location, 0, content.length);
    request.write(content.subarray(0, 500_000));
    await sleep(100);
    request.destroy();
    await answered.catch(() => undefined);
    await vi.waitFor(async () => expect((await client.head(location)).headers["upload-offset"]).toBe("500000"));
    expect((await client.patch(location, 500_000, content.subarray(500_000))).status).toBe(204);
    const details = { uploadId: idOf(location), offsetBytes: 500_000 };
    await expectCustodyEvent(world().db, { action: "upload.interrupted", deviceId: device.id, details });
    await expectCustodyEvent(world().db, { action: "upload.resumed", deviceId: device.id, details });
    expect((await client.patch(location, 900_000, randomBytes(1))).status).toBe(413);
  });

  it("takes parts that are not finished, and says their length as soon as it is known", async () => {
    const [first, second] = [await part(null, 6), await part(null, null)];
    const made = await final([first, second]);
    expect(made.status).toBe(201);
    const location = String(made.headers.location);
    const before = await client.head(location);
    expect(before.status).toBe(200);
    // "SHOULD NOT contain the Upload-Offset header unless the concatenation has been successfully finished".
    expect(before.headers).not.toHaveProperty("upload-offset");
    expect(before.headers).not.toHaveProperty("upload-length");
    expect(before.headers).toHaveProperty("upload-expires");
    expect((await client.patch(second, 0, Buffer.from("world"), { "Upload-Length": "5" })).status).toBe(204);
    const known = await client.head(location);
    expect(known.headers["upload-length"]).toBe("11");
    expect(known.headers).not.toHaveProperty("upload-offset");
    expect((await client.patch(first, 0, Buffer.from("hello "))).status).toBe(204);
    const { recording } = await sealed(location);
    expect(Buffer.from(recording.sha256 ?? []).toString("hex")).toBe(sha256(Buffer.from("hello world")));
  });

  it("two parts that are finished at once have their file put together all the same, 8 times", async () => {
    const locations = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const parts = [await part(null, 4), await part(null, 4)];
        const location = String((await final(parts)).headers.location);
        await Promise.all(parts.map((one) => client.patch(one, 0, randomBytes(4))));
        return location;
      }),
    );
    for (const location of locations) await sealed(location);
  });

  it("PATCH of a final upload is 403 and changes nothing, before and after", async () => {
    const open = await part(null, 4);
    const location = String((await final([open])).headers.location);
    const refused = await client.patch(location, 0, randomBytes(1));
    expect(problemOf(refused).slice(0, 2)).toEqual([403, "upload_final"]);
    await client.patch(open, 0, Buffer.from("done"));
    await sealed(location);
    expect((await client.patch(location, 4, randomBytes(1))).status).toBe(403);
    expect((await client.patch(location, 4, new Uint8Array())).status).toBe(403);
  });

  it("an empty file from empty parts is complete", async () => {
    const location = String(
      (await final([await part(new Uint8Array()), await part(new Uint8Array())])).headers.location,
    );
    expect((await client.head(location)).headers).toMatchObject({ "upload-offset": "0", "upload-length": "0" });
    await sealed(location);
  });

  describe("what is refused", () => {
    it.each([
      ["no list", "final"],
      ["an empty list", "final;"],
      ["no upload's address", "final;/api/uploads/nonsense"],
      ["another path", "final;/files/U-00000-00000"],
      ["an unknown part", "final;/api/uploads/U-00000-00000"],
      ["another word", "partially"],
    ])("Upload-Concat with %s is 400", async (_what, header) => {
      const answer = await ask(endpoint, { method: "POST", token: device.token, headers: { "Upload-Concat": header } });
      expect(problemOf(answer)).toEqual([400, "invalid_input", "Upload-Concat"]);
    });

    it("a length, a body, a part twice, a whole upload, an ended part", async () => {
      const one = await part(Buffer.from("one"));
      expect(problemOf(await final([one], { "Upload-Length": "3" }))).toEqual([400, "length_invalid", "Upload-Length"]);
      expect((await final([one], { "Upload-Defer-Length": "1" })).status).toBe(400);
      const withBody = { "Content-Type": "application/offset+octet-stream", "Upload-Concat": `final;${one}` };
      expect(
        (await ask(endpoint, { method: "POST", token: device.token, headers: withBody, body: randomBytes(3) })).status,
      ).toBe(400);
      expect((await final([one, one])).status).toBe(400);
      const whole = String((await client.create(3)).headers.location);
      expect((await final([whole])).status).toBe(400);
      const ended = await part(Buffer.from("x"));
      expect((await client.remove(ended)).status).toBe(204);
      expect((await final([ended])).status).toBe(400);
      expect(await world().db.upload.count({ where: { kind: "final", concatHeader: { contains: idOf(one) } } })).toBe(
        0,
      );
    });

    it("another device's part, as if it were not there", async () => {
      const one = await part(Buffer.from("mine"));
      const stranger = await factories.makeDevice(world().db);
      const answer = await final([one], {}, stranger.token);
      const unknown = await final(["/api/uploads/U-00000-00000"], {}, stranger.token);
      const withoutId = ({ status, body }: Answer) => [status, { ...JSON.parse(body), instance: "" }];
      expect(withoutId(answer)).toEqual(withoutId(unknown));
      expect(answer.status).toBe(400);
      expect((await rowOf(one)).finalUploadId).toBeNull();
    });

    it("a part in two files; the same file asked for again is the same upload, also at once", async () => {
      const parts = [await part(Buffer.from("one")), await part(Buffer.from("two"))];
      const metadata = { "Upload-Metadata": encodeMetadataHeader([["filename", "a.mp4"]]) };
      const answers = await Promise.all([final(parts, metadata), final(parts, metadata)]);
      answers.push(await final(parts, metadata));
      expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
      const locations = new Set(answers.map(({ headers }) => headers.location));
      expect(locations.size).toBe(1);
      await sealed(String(answers[0]?.headers.location));
      expect((await final(parts, metadata)).headers.location).toBe(answers[0]?.headers.location);
      for (const other of [parts.slice(0, 1), [...parts].reverse()])
        expect(problemOf(await final(other, metadata))).toEqual([409, "conflict", "Upload-Concat"]);
      expect((await final(parts)).status).toBe(409);
    });
  });

  describe("what is ended", () => {
    it("a part may be, also a complete one, until a file needs it", async () => {
      const [loose, used] = [await part(Buffer.from("x")), await part(Buffer.from("y"))];
      expect((await client.remove(loose)).status).toBe(204);
      expect((await client.head(loose)).status).toBe(410);
      expect(await storage().size(partKey(idOf(loose)))).toBeNull();
      await expectCustodyEvent(world().db, { action: "upload.terminated", deviceId: device.id });
      const open = await part(null, 3);
      await final([used, open]);
      for (const one of [used, open])
        expect(problemOf(await client.remove(one)).slice(0, 2)).toEqual([409, "state_conflict"]);
    });

    it("a file that waits for its parts takes them with it; one that is complete is evidence", async () => {
      const [done, open] = [await part(Buffer.from("x")), await part(null, 3)];
      const location = String((await final([done, open])).headers.location);
      expect((await client.remove(location)).status).toBe(204);
      const answers = [
        await client.head(location),
        await client.head(done),
        await client.patch(open, 0, Buffer.from("abc")),
      ];
      expect(answers.map(({ status }) => status)).toEqual([410, 410, 410]);
      for (const one of [done, open]) expect(await storage().size(partKey(idOf(one)))).toBeNull();
      const whole = String((await final([await part(Buffer.from("z"))])).headers.location);
      await sealed(whole);
      expect(problemOf(await client.remove(whole)).slice(0, 2)).toEqual([403, "upload_complete"]);
    });

    it("parts that no file wants expire, also complete ones, and files whose parts bring nothing", async () => {
      const month = 31 * 86_400_000;
      const age = (...locations: string[]) =>
        world().db.upload.updateMany({
          where: { id: { in: locations.map(idOf) } },
          data: { lastActivityAt: new Date(Date.now() - month) },
        });
      const [loose, young] = [await part(Buffer.from("x")), await part(Buffer.from("y"))];
      expect((await client.head(loose)).headers).toHaveProperty("upload-expires");
      const [done, open] = [await part(Buffer.from("x")), await part(null, 3)];
      const location = String((await final([done, open])).headers.location);
      const [done2, open2] = [await part(Buffer.from("x")), await part(null, 3)];
      const alive = String((await final([done2, open2])).headers.location);
      await age(loose, done, open, location, done2, alive);
      await expireUploads(job("upload.expire"), month - 86_400_000);
      const answers = await Promise.all([loose, young, done, open, location, done2, open2, alive].map(client.head));
      expect(answers.map(({ status }) => status)).toEqual([410, 200, 410, 410, 410, 200, 200, 200]);
      for (const one of [loose, done, open]) expect(await storage().size(partKey(idOf(one)))).toBeNull();
      await expectCustodyEvent(world().db, { action: "upload.expired", deviceId: device.id });
    });
  });

  it("survives kill -9 in the middle of putting it together, and goes on where it was", {
    timeout: 60_000,
  }, async () => {
    const file = randomBytes(96_000_000);
    const parts = [await part(file.subarray(0, 40_000_000)), await part(file.subarray(40_000_000))];
    const made = await final(parts, { "Upload-Metadata": encodeMetadataHeader([["sha256", sha256(file)]]) });
    const location = String(made.headers.location);
    await vi.waitFor(async () => expect(Number((await rowOf(location)).offsetBytes)).toBeGreaterThan(0), {
      timeout: 10_000,
      interval: 2,
    });
    await server.kill();
    const { offsetBytes, state, leaseUntil } = await rowOf(location);
    expect([state, Number(offsetBytes) < file.length, leaseUntil === null]).toEqual(["open", true, false]);
    for (const one of parts) expect(await storage().size(partKey(idOf(one)))).toBeGreaterThan(0);
    // What the queue does with the job of a killed process, here without waiting for its heartbeat to run out.
    const run = () => assembleUpload(job("upload.assemble"), { uploadId: idOf(location) });
    await vi.waitFor(run, { timeout: 15_000, interval: 200 });
    const { recording } = await findUpload(world().db, location);
    expect(recording.state).toBe("received");
    const chunks = recording.chunks.map(({ lengthBytes }) => lengthBytes);
    expect(chunks.reduce((sum, length) => sum + length, 0)).toBe(file.length);
    // What was copied before the kill was not copied again.
    const early = recording.chunks.filter((chunk) => chunk.offsetBytes + BigInt(chunk.lengthBytes) <= offsetBytes);
    const late = recording.chunks.filter((chunk) => chunk.offsetBytes >= offsetBytes);
    const times = (list: typeof early) => list.map(({ receivedAt }) => receivedAt.getTime());
    expect(Math.max(...times(early))).toBeLessThan(Math.min(...times(late)));
    for (const one of parts) expect(await storage().size(partKey(idOf(one)))).toBeNull();
    expect(await sweepParts(job("upload.assemble"))).toBe(0);
    server = await start();
    const whole = await sealed(location);
    expect(Buffer.from(whole.recording.sha256 ?? []).toString("hex")).toBe(sha256(file));
  });

  describe("with tests for its background work", () => {
    beforeAll(async () => {
      await server.stop();
      server = await start(false);
    });
    afterAll(async () => {
      await server.stop();
      server = await start();
    });

    it("a part that lost bytes is damage: said once in custody, found by the check, and mended by what is restored", async () => {
      const content = randomBytes(1000);
      const [lost, open] = [await part(content), await part(null, 1)];
      const location = String((await final([lost, open])).headers.location);
      const check = async () => {
        const problems: Problem[] = [];
        await checkArchive(job("check"), "size", { onProblem: (problem) => problems.push(problem) });
        return problems.filter(({ subject }) => subject === idOf(lost)).map(({ code }) => code);
      };
      expect(await check()).toEqual([]);
      await truncate(fileOf(lost), 999);
      expect(await check()).toEqual(["blob_short"]);
      expect((await client.patch(open, 0, randomBytes(1))).status).toBe(204);
      const run = () => assembleUpload(job("upload.assemble"), { uploadId: idOf(location) });
      await expect(run()).rejects.toMatchObject({ code: "upload_damaged" });
      await expect(run()).rejects.toMatchObject({ code: "upload_damaged" });
      const events = await world().db.custodyEvent.findMany({ where: { action: "upload.damaged" } });
      expect(events).toHaveLength(1);
      expect(events[0]).toMatchObject({ outcome: "failed", details: { expectedBytes: 1000, actualBytes: 999 } });
      const writer = await storage().openWriter(partKey(idOf(lost)), 999);
      await writer.write([content.subarray(999)]);
      await writer.close();
      await run();
      await run(); // safe to run twice
      expect((await findUpload(world().db, location)).recording.state).toBe("received");
      await expect(
        assembleUpload(world().context(await factories.makeAdmin(world().db)), { uploadId: idOf(location) }),
      ).rejects.toMatchObject({ code: "forbidden" });
    });

    it("two jobs for one file at once put it together once", async () => {
      const file = randomBytes(5_000_000);
      const parts = [await part(file.subarray(0, 2_000_000)), await part(file.subarray(2_000_000))];
      const location = String((await final(parts)).headers.location);
      const run = () => assembleUpload(job("upload.assemble"), { uploadId: idOf(location) });
      await Promise.allSettled([run(), run(), run()]);
      await run();
      const { recording, recordingId } = await findUpload(world().db, location);
      expect(recording.state).toBe("received");
      const lengths = recording.chunks.map(({ lengthBytes }) => lengthBytes);
      expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(file.length);
      expect(await world().db.custodyEvent.count({ where: { recordingId, action: "recording.received" } })).toBe(1);
      for (const one of parts) expect(await storage().size(partKey(idOf(one)))).toBeNull();
    });
  });

  describe("tus-js-client's parallelUploads", () => {
    const options = () => ({
      endpoint: `${server.url}/api/uploads`,
      headers: { Authorization: `Bearer ${device.token}` },
      metadata: { filename: "parallel.mp4", filetype: "video/mp4" },
      chunkSize: 400_000,
      retryDelays: null,
    });
    const done = (make: (end: { onError(error: Error): void; onSuccess(): void }) => Upload) =>
      new Promise<Upload>((resolve, reject) => {
        const one: Upload = make({ onError: reject, onSuccess: () => resolve(one) });
        one.start();
      });
    async function expectWhole(upload: Upload, file: Buffer) {
      const { recording } = await sealed(String(upload.url));
      expect(recording).toMatchObject({ fileName: "parallel.mp4", sizeBytes: BigInt(file.length) });
      expect(Buffer.from(recording.sha256 ?? []).toString("hex")).toBe(sha256(file));
    }

    it("works as it comes", async () => {
      const file = randomBytes(3_000_000);
      const upload = await done((end) => new Upload(file, { ...options(), ...end, parallelUploads: 3 }));
      await expectWhole(upload, file);
      expect((await rowOf(String(upload.url))).concatHeader?.split(" ")).toHaveLength(3);
    });

    it("goes on with its parts after a break, also when only the last answer was lost", async () => {
      const file = randomBytes(4_000_000);
      const broken = new Upload(file, { ...options(), parallelUploads: 2, onError: () => undefined });
      broken.options.onChunkComplete = () => void broken.abort();
      broken.start();
      const kept = () =>
        world().db.upload.findMany({
          where: { kind: "part", finalUploadId: null, state: "open", lengthBytes: 2_000_000 },
          orderBy: { createdAt: "asc" },
        });
      await vi.waitFor(
        async () => expect((await kept()).some(({ offsetBytes }) => offsetBytes > 0n)).toBe(true),
        5_000,
      );
      await vi.waitFor(async () => expect((await kept()).every(({ leaseUntil }) => leaseUntil === null)).toBe(true));
      const starts = await kept();
      expect(starts).toHaveLength(2);
      const resume = (end: { onError(error: Error): void; onSuccess(): void }) => {
        const upload = new Upload(file, { ...options(), ...end, parallelUploads: 2 });
        upload.resumeFromPreviousUpload({
          size: file.length,
          metadata: {},
          creationTime: "",
          urlStorageKey: "",
          uploadUrl: null,
          parallelUploadUrls: partUrls,
        });
        return upload;
      };
      // Which of the two is the first half, only the client knows: it made them one after the other.
      const partUrls = (broken as unknown as { _parallelUploadUrls: string[] })._parallelUploadUrls;
      const first = await done(resume);
      await expectWhole(first, file);
      const again = await done(resume);
      expect(again.url).toBe(first.url);
    });
  });
});
