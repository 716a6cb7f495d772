import { createHash, randomBytes } from "node:crypto";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { encodeMetadataHeader } from "../lib/protocol/index.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../lib/testing/index.ts";
import { findUpload } from "./testing/find-upload.ts";
import { type ApiServer, startApiServer } from "./testing/start-api-server.ts";
import { tusDevice } from "./testing/tus-client.ts";

// Section by section through draft-ietf-httpbis-resumable-upload, interop version 8; digests after RFC 9530 and
// draft-ietf-httpapi-digest-fields-problem-types. Each describe is a section.

type Interim = { status: number; headers: Record<string, unknown> };
type Answer = { status: number; headers: IncomingHttpHeaders; body: string; interim: Interim[] };
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const digestField = (bytes: Uint8Array, algorithm = "sha256") =>
  `${algorithm.replace("sha", "sha-")}=:${createHash(algorithm).update(bytes).digest("base64")}:`;
const types = "https://iana.org/assignments/http-problem-types#";
const bodyOf = (answer: Answer) => JSON.parse(answer.body);

describe("resumable uploads for HTTP", () => {
  const world = useTestDatabase();
  let server: ApiServer;
  let token: string;
  let endpoint: string;

  const start = () =>
    startApiServer({ databaseUrl: world().databaseUrl, dataDir: world().dir, timing: { checkpointMs: 100 } });

  beforeAll(async () => {
    server = await start();
    token = (await factories.makeDevice(world().db)).token;
    endpoint = `${server.url}/api/uploads`;
  });
  afterAll(() => server.stop());

  function open(url: string, method: string, headers: Record<string, string | number>, isVersioned = true) {
    const interim: Interim[] = [];
    const request = httpRequest(url, {
      method,
      agent: false,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(isVersioned ? { "Upload-Draft-Interop-Version": "8" } : {}),
        ...headers,
      },
    });
    request.on("information", ({ statusCode, headers: fields }) => {
      interim.push({ status: statusCode, headers: fields });
    });
    const answered = new Promise<Answer>((resolve, reject) => {
      request.once("error", reject);
      request.once("response", (response) => {
        text(response).then(
          (body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body, interim }),
          reject,
        );
      });
    });
    answered.catch(() => undefined); // a cut is what some tests want
    return { request, answered, interim };
  }
  function send(
    url: string,
    method: string,
    headers: Record<string, string | number>,
    body: Uint8Array | null = null,
    isVersioned = true,
  ): Promise<Answer> {
    const length = body === null ? {} : { "Content-Length": body.byteLength };
    const { request, answered } = open(url, method, { ...length, ...headers }, isVersioned);
    request.end(body);
    return answered;
  }
  const create = (headers: Record<string, string | number>, body: Uint8Array | null = new Uint8Array()) =>
    send(endpoint, "POST", headers, body);
  const append = (
    location: string,
    offset: number,
    body: Uint8Array,
    completes: string,
    headers: Record<string, string | number> = {},
  ) =>
    send(
      location,
      "PATCH",
      {
        "Content-Type": "application/partial-upload",
        "Upload-Offset": offset,
        "Upload-Complete": completes,
        ...headers,
      },
      body,
    );
  const head = (location: string) => send(location, "HEAD", {});
  async function created(headers: Record<string, string | number> = {}): Promise<string> {
    const answer = await create({ "Upload-Complete": "?0", ...headers });
    expect(answer.status).toBe(201);
    return String(answer.headers.location);
  }
  const rowOf = (location: string) => findUpload(world().db, location);
  async function sealed(location: string) {
    await vi.waitFor(async () => expect((await rowOf(location)).recording.state).toBe("sealed"), 15_000);
    return (await rowOf(location)).recording;
  }

  describe("limits", () => {
    it("OPTIONS has Accept-Patch and Upload-Limit", async () => {
      const { status, headers } = await send(endpoint, "OPTIONS", {});
      expect(status).toBe(204);
      expect(headers["accept-patch"]).toBe("application/partial-upload");
      expect(headers["upload-limit"]).toBe(`max-size=${2 ** 40}, max-age=${30 * 86_400}`);
    });

    it("a length beyond max-size is 413 with Upload-Limit, and creates nothing", async () => {
      const before = await world().db.upload.count();
      const answer = await create({ "Upload-Complete": "?0", "Upload-Length": 2 ** 40 + 1 });
      expect(answer.status).toBe(413);
      expect(answer.headers["upload-limit"]).toContain(`max-size=${2 ** 40}`);
      expect(answer.interim).toEqual([]);
      expect(await world().db.upload.count()).toBe(before);
    });
  });

  describe("upload creation", () => {
    it("a whole file in one request: 104 with Location and limits first, then 201 and Upload-Complete: ?1", async () => {
      const file = randomBytes(500_000);
      const answer = await create({ "Upload-Complete": "?1", "Content-Type": "video/mp4" }, file);
      expect(answer.status).toBe(201);
      expect(answer.headers).toMatchObject({ "upload-complete": "?1", "upload-offset": "500000" });
      const [first] = answer.interim;
      expect(first).toMatchObject({
        status: 104,
        headers: { location: answer.headers.location, "upload-draft-interop-version": "8" },
      });
      expect(first?.headers["upload-limit"]).toMatch(/^max-size=\d+, max-age=2\d{6}$/);
      const recording = await sealed(String(answer.headers.location));
      expect(recording).toMatchObject({ mediaType: "video/mp4", sizeBytes: 500_000n });
      expect(answer.headers["strongroom-recording"]).toBe(recording.id);
      expect(Buffer.from(recording.sha256 ?? []).toString("hex")).toBe(sha256(file));
    });

    it.each([
      ["missing", {}],
      ["another one", { "Upload-Draft-Interop-Version": "7" }],
    ])("no 104 when the interop version is %s", async (_what, headers) => {
      const answer = await send(endpoint, "POST", { "Upload-Complete": "?1", ...headers }, randomBytes(3), false);
      expect([answer.status, answer.interim]).toEqual([201, []]);
    });

    it("no 104 for HTTP/1.0, and it is a 201 all the same", async () => {
      const { connect } = await import("node:net");
      const { port } = new URL(server.url);
      const socket = connect(Number(port), "127.0.0.1");
      const lines = [
        "POST /api/uploads HTTP/1.0",
        `Authorization: Bearer ${token}`,
        "Upload-Draft-Interop-Version: 8",
        "Upload-Complete: ?1",
        "Content-Length: 3",
      ];
      socket.write(`${lines.join("\r\n")}\r\n\r\nabc`);
      const said = await text(socket);
      expect(said).toMatch(/^HTTP\/1\.1 201 /);
    });

    it("a part of it: 201 with Location and limits, Upload-Complete: ?0, and the length is remembered", async () => {
      const answer = await create({ "Upload-Complete": "?0", "Upload-Length": 10 }, randomBytes(4));
      expect(answer.status).toBe(201);
      expect(answer.headers).toMatchObject({ "upload-complete": "?0", "upload-offset": "4" });
      expect(answer.headers["upload-limit"]).toContain("max-size=");
      const state = await head(String(answer.headers.location));
      expect(state.headers).toMatchObject({ "upload-offset": "4", "upload-length": "10", "upload-complete": "?0" });
    });

    it("nothing of it yet, without a length; an empty file, with ?1", async () => {
      const careful = await head(await created());
      expect(careful.headers).toMatchObject({ "upload-offset": "0", "upload-complete": "?0" });
      expect(careful.headers).not.toHaveProperty("upload-length");
      const empty = await create({ "Upload-Complete": "?1" });
      expect([empty.status, empty.headers["upload-complete"]]).toEqual([201, "?1"]);
      await sealed(String(empty.headers.location));
      const open = await head(await created({ "Upload-Length": 0 }));
      expect(open.headers).toMatchObject({ "upload-length": "0", "upload-complete": "?0" });
    });

    it("a file of unknown length that is sent chunked is complete at its end", async () => {
      const { request, answered } = open(endpoint, "POST", { "Upload-Complete": "?1", "Transfer-Encoding": "chunked" });
      request.write(Buffer.from("hello "));
      request.end(Buffer.from("world"));
      const answer = await answered;
      expect(answer.headers).toMatchObject({ "upload-complete": "?1", "upload-offset": "11" });
      const state = await head(String(answer.headers.location));
      expect(state.headers).toMatchObject({ "upload-length": "11", "upload-complete": "?1" });
    });

    it("cut off in the middle is resumed through the Location of the 104", async () => {
      const file = randomBytes(2_000_000);
      const { request, answered, interim } = open(endpoint, "POST", {
        "Upload-Complete": "?1",
        "Content-Length": file.length,
        "Content-Disposition": "inline; filename=\"gate.mp4\"; filename*=UTF-8''gate%20t%C3%BCr.mp4",
        "Content-Type": "video/mp4",
      });
      request.write(file.subarray(0, 1_200_000));
      await vi.waitFor(() => expect(interim.length).toBeGreaterThan(0), 5_000);
      const location = String(interim[0]?.headers.location);
      await sleep(200);
      request.destroy();
      await answered.catch(() => undefined);
      let offset = 0;
      await vi.waitFor(async () => {
        const state = await head(location);
        offset = Number(state.headers["upload-offset"]);
        expect([state.status, offset, state.headers["upload-complete"]]).toEqual([204, 1_200_000, "?0"]);
        expect(state.headers["upload-length"]).toBe("2000000");
      }, 5_000);
      const last = await append(location, offset, file.subarray(offset), "?1");
      expect([last.status, last.headers["upload-complete"]]).toEqual([201, "?1"]);
      const recording = await sealed(location);
      expect(recording.fileName).toBe("gate tür.mp4");
      expect(Buffer.from(recording.sha256 ?? []).toString("hex")).toBe(sha256(file));
      await expectCustodyEvent(world().db, { action: "upload.interrupted", recordingId: recording.id });
    });

    it("of a file that was begun before is the same upload, also when it is complete", async () => {
      const file = randomBytes(1000);
      const declared = { "Repr-Digest": digestField(file), "Upload-Length": 1000 };
      const location = await created(declared);
      await append(location, 0, file.subarray(0, 600), "?0");
      const again = await create({ "Upload-Complete": "?1", ...declared }, file);
      expect([again.status, again.headers.location]).toEqual([201, location]);
      expect(again.headers).toMatchObject({ "upload-offset": "600", "upload-complete": "?0" });
      expect((await append(location, 600, file.subarray(600), "?1")).status).toBe(201);
      const last = await create({ "Upload-Complete": "?1", ...declared }, file);
      expect(last.headers).toMatchObject({ location, "upload-offset": "1000", "upload-complete": "?1" });
    });

    it("Upload-Metadata of tus may come along, and counts more than what the other fields say", async () => {
      const metadata = encodeMetadataHeader([
        ["filename", "own.mp4"],
        ["source", "rear"],
      ]);
      const location = await created({
        "Upload-Metadata": metadata,
        "Content-Disposition": 'inline; filename="other.mp4"',
        "Content-Type": "video/webm; codecs=vp9",
      });
      expect((await rowOf(location)).recording).toMatchObject({
        fileName: "own.mp4",
        source: "rear",
        mediaType: "video/webm",
      });
    });

    it.each([
      ["an Upload-Complete that is no Boolean", { "Upload-Complete": "1" }, 400, "Upload-Complete"],
      ["no Upload-Complete", {}, 400, "Upload-Complete"],
      ["a Content-Encoding", { "Upload-Complete": "?0", "Content-Encoding": "gzip" }, 415, "Content-Encoding"],
      ["broken metadata", { "Upload-Complete": "?0", "Upload-Metadata": "a %" }, 400, "a"],
    ])("%s is refused", async (_what, headers, status, field) => {
      const before = await world().db.upload.count();
      const answer = await create(headers);
      expect([answer.status, bodyOf(answer).field]).toEqual([status, field]);
      expect(await world().db.upload.count()).toBe(before);
    });

    it("values of another type are ignored, as if the field were not there", async () => {
      const location = await created({ "Upload-Length": "ten" });
      expect((await head(location)).headers).not.toHaveProperty("upload-length");
    });

    it("needs a device's token, and GET and PUT are 405", async () => {
      const strangers = await send(endpoint, "POST", { "Upload-Complete": "?1", Authorization: "Bearer srd_no" });
      expect(strangers.status).toBe(401);
      expect((await send(endpoint, "PUT", { "Upload-Complete": "?1" }, randomBytes(1))).headers.allow).toBe(
        "POST, OPTIONS",
      );
    });
  });

  describe("length", () => {
    it.each([
      ["two in one request", { "Upload-Complete": "?1", "Upload-Length": 5 }],
      ["a body beyond it", { "Upload-Complete": "?0", "Upload-Length": 3 }],
    ])("%s: 400, inconsistent-upload-length", async (_what, headers) => {
      const answer = await create(headers, randomBytes(4));
      expect([answer.status, bodyOf(answer).type, bodyOf(answer).code]).toEqual([
        400,
        `${types}inconsistent-upload-length`,
        "length_invalid",
      ]);
    });

    it("another one than before, or a body that ends early or goes beyond: 400, and what is here stays", async () => {
      const location = await created({ "Upload-Length": 10 });
      await append(location, 0, randomBytes(4), "?0");
      const refused = [
        await append(location, 4, randomBytes(2), "?0", { "Upload-Length": 11 }),
        await append(location, 4, randomBytes(5), "?1"),
        await append(location, 4, randomBytes(7), "?0"),
      ];
      for (const answer of refused) {
        expect([answer.status, bodyOf(answer).type]).toEqual([400, `${types}inconsistent-upload-length`]);
      }
      expect((await head(location)).headers["upload-offset"]).toBe("4");
      const { request, answered } = open(location, "PATCH", {
        "Content-Type": "application/partial-upload",
        "Upload-Offset": 4,
        "Upload-Complete": "?1",
        "Transfer-Encoding": "chunked",
      });
      request.end(randomBytes(3));
      const early = await answered;
      expect([early.status, bodyOf(early).type]).toEqual([400, `${types}inconsistent-upload-length`]);
      // What arrived was right as far as it went; only the word that it was all was wrong.
      expect((await head(location)).headers).toMatchObject({ "upload-offset": "7", "upload-complete": "?0" });
    });

    it("is not what completes an upload: that is Upload-Complete: ?1, also with an empty body", async () => {
      const location = await created({ "Upload-Length": 4 });
      const all = await append(location, 0, randomBytes(4), "?0");
      expect([all.status, all.headers["upload-complete"]]).toEqual([204, "?0"]);
      expect((await head(location)).headers).toMatchObject({ "upload-offset": "4", "upload-complete": "?0" });
      expect((await rowOf(location)).recording.state).toBe("receiving");
      const last = await append(location, 4, new Uint8Array(), "?1");
      expect([last.status, last.headers["upload-complete"]]).toEqual([201, "?1"]);
      await sealed(location);
    });
  });

  describe("offset retrieval", () => {
    it("is 204 with offset, completeness, limits and no-store, and with the digest once it is known", async () => {
      const file = randomBytes(1000);
      const answer = await create({ "Upload-Complete": "?1" }, file);
      const location = String(answer.headers.location);
      await sealed(location);
      const state = await head(location);
      expect(state.status).toBe(204);
      expect(state.headers).toMatchObject({
        "upload-offset": "1000",
        "upload-complete": "?1",
        "upload-length": "1000",
        "cache-control": "no-store",
        "repr-digest": digestField(file),
      });
      expect(state.headers["upload-limit"]).toBe(`max-size=${2 ** 40}`);
    });

    it("of an upload that is still being written ends that, so that its offset can be gone on from", async () => {
      const file = randomBytes(600_000);
      const location = await created({ "Upload-Length": file.length });
      const { request, answered } = open(location, "PATCH", {
        "Content-Type": "application/partial-upload",
        "Upload-Offset": 0,
        "Upload-Complete": "?1",
        "Content-Length": file.length,
      });
      request.write(file.subarray(0, 250_000));
      await vi.waitFor(async () => expect((await rowOf(location)).offsetBytes).toBe(250_000n), 5_000);
      const state = await head(location);
      const offset = Number(state.headers["upload-offset"]);
      expect((await answered).status).toBe(423);
      expect((await append(location, offset, file.subarray(offset), "?1")).status).toBe(201);
    });

    it("of what is not there is 404, of what was ended 410, of another device's 404", async () => {
      expect((await head(`${endpoint}/U-00000-00000`)).status).toBe(404);
      const location = await created();
      const stranger = await factories.makeDevice(world().db);
      expect((await send(location, "HEAD", { Authorization: `Bearer ${stranger.token}` })).status).toBe(404);
      await send(location, "DELETE", {});
      expect((await head(location)).status).toBe(410);
    });
  });

  describe("upload append", () => {
    it("tells in the middle of a slow body how much is durable, without Location", async () => {
      const location = await created();
      const { request, answered, interim } = open(location, "PATCH", {
        "Content-Type": "application/partial-upload",
        "Upload-Offset": 0,
        "Upload-Complete": "?0",
        "Content-Length": 400_000,
      });
      for (let sent = 0; sent < 20; sent++) {
        request.write(randomBytes(20_000));
        await sleep(120);
      }
      request.end();
      expect((await answered).status).toBe(204);
      expect(interim.length).toBeGreaterThan(0);
      for (const { status, headers } of interim) {
        expect([status, headers.location]).toEqual([104, undefined]);
        expect(Number(headers["upload-offset"])).toBeGreaterThan(0);
      }
    });

    it("at another offset is 409 with both offsets, and changes nothing", async () => {
      const location = await created();
      await append(location, 0, randomBytes(4), "?0");
      const answer = await append(location, 2, randomBytes(4), "?0");
      expect([answer.status, answer.headers["upload-offset"]]).toEqual([409, "4"]);
      expect(bodyOf(answer)).toMatchObject({
        type: `${types}mismatching-upload-offset`,
        code: "offset_conflict",
        "expected-offset": 4,
        "provided-offset": 2,
      });
      expect((await head(location)).headers["upload-offset"]).toBe("4");
    });

    it("to a complete upload is 400: inconsistent-upload-length with bytes, completed-upload without", async () => {
      const location = String((await create({ "Upload-Complete": "?1" }, randomBytes(4))).headers.location);
      const more = await append(location, 4, randomBytes(1), "?1");
      expect([more.status, bodyOf(more).type]).toEqual([400, `${types}inconsistent-upload-length`]);
      const nothing = await append(location, 4, new Uint8Array(), "?1");
      expect([nothing.status, bodyOf(nothing).type]).toEqual([400, `${types}completed-upload`]);
      expect((await head(location)).headers["upload-offset"]).toBe("4");
    });

    it("needs application/partial-upload, which Accept-Patch says, Upload-Offset and Upload-Complete", async () => {
      const location = await created();
      const whole = { "Content-Type": "application/partial-upload", "Upload-Offset": 0, "Upload-Complete": "?0" };
      const without = (name: string) => Object.fromEntries(Object.entries(whole).filter(([field]) => field !== name));
      const type = await send(location, "PATCH", { ...whole, "Content-Type": "video/mp4" }, randomBytes(1));
      expect([type.status, type.headers["accept-patch"]]).toEqual([415, "application/partial-upload"]);
      for (const name of ["Upload-Offset", "Upload-Complete"]) {
        const answer = await send(location, "PATCH", without(name), randomBytes(1));
        expect([answer.status, bodyOf(answer).field]).toEqual([400, name]);
      }
      expect((await send(location, "PATCH", { ...whole, "Upload-Offset": "-1" }, randomBytes(1))).status).toBe(400);
      expect((await head(location)).headers["upload-offset"]).toBe("0");
    });

    it("goes on with what tus began, and the other way round", async () => {
      const client = tusDevice(() => server.url, token);
      const file = randomBytes(300);
      const location = String((await client.create(300)).headers.location);
      expect((await client.patch(location, 0, file.subarray(0, 100))).status).toBe(204);
      expect((await append(location, 100, file.subarray(100, 200), "?0")).status).toBe(204);
      expect((await client.patch(location, 200, file.subarray(200))).status).toBe(204);
      const recording = await sealed(location);
      expect(Buffer.from(recording.sha256 ?? []).toString("hex")).toBe(sha256(file));
    });
  });

  it("a server that stops says 503 and how far it came, as a success would say that all was taken", async () => {
    const location = await created();
    const { request, answered } = open(location, "PATCH", {
      "Content-Type": "application/partial-upload",
      "Upload-Offset": 0,
      "Upload-Complete": "?1",
      "Content-Length": 900_000,
    });
    request.write(randomBytes(500_000));
    await vi.waitFor(async () => expect((await rowOf(location)).offsetBytes).toBe(500_000n), 5_000);
    await server.stop();
    const answer = await answered;
    expect([answer.status, bodyOf(answer).code, answer.headers["upload-offset"]]).toEqual([
      503,
      "unavailable",
      "500000",
    ]);
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
    server = await start();
    endpoint = `${server.url}/api/uploads`;
    const again = `${endpoint}/${location.split("/").at(-1)}`;
    expect((await head(again)).headers).toMatchObject({ "upload-offset": "500000", "upload-complete": "?0" });
  });

  describe("upload cancellation", () => {
    it("is 204 and ends it; a complete one is evidence: 403", async () => {
      const location = await created();
      expect((await send(location, "DELETE", {})).status).toBe(204);
      expect((await append(location, 0, randomBytes(1), "?0")).status).toBe(410);
      await expectCustodyEvent(world().db, { action: "upload.terminated" });
      const whole = String((await create({ "Upload-Complete": "?1" }, randomBytes(4))).headers.location);
      expect((await send(whole, "DELETE", {})).status).toBe(403);
    });
  });

  describe("integrity digests", () => {
    it.each(["sha256", "sha512"])(
      "Content-Digest with %s is compared, and a wrong body leaves nothing",
      async (name) => {
        const location = await created();
        const body = randomBytes(50_000);
        const given = digestField(randomBytes(10), name);
        const wrong = await append(location, 0, body, "?1", { "Content-Digest": given });
        expect([wrong.status, wrong.headers["upload-offset"]]).toEqual([400, "0"]);
        const [, provided] = given.split(/=(.*)/s);
        expect(bodyOf(wrong)).toMatchObject({
          type: `${types}digest-mismatching-values`,
          code: "digest_mismatch",
          "mismatching-digests": [
            { algorithm: name.replace("sha", "sha-"), header: "Content-Digest", "provided-digest": provided },
          ],
        });
        expect((await head(location)).headers).toMatchObject({ "upload-offset": "0", "upload-complete": "?0" });
        const right = await append(location, 0, body, "?1", { "Content-Digest": digestField(body, name) });
        expect(right.status).toBe(201);
      },
    );

    it("a wrong Content-Digest of a creation leaves an empty upload, whose Location is told", async () => {
      const body = randomBytes(1000);
      const answer = await create({ "Upload-Complete": "?1", "Content-Digest": digestField(randomBytes(1)) }, body);
      expect([answer.status, bodyOf(answer).code, answer.headers["upload-offset"]]).toEqual([
        400,
        "digest_mismatch",
        "0",
      ]);
      const location = String(answer.headers.location);
      expect((await append(location, 0, body, "?1", { "Content-Digest": digestField(body) })).status).toBe(201);
    });

    it("unknown algorithms, digests of another length and what is no dictionary are 400", async () => {
      const unknown = await create({ "Upload-Complete": "?1", "Content-Digest": "md5=:AAAA:" }, randomBytes(1));
      expect([unknown.status, unknown.headers["want-content-digest"]]).toEqual([400, "sha-512=9, sha-256=10"]);
      expect(bodyOf(unknown)).toMatchObject({
        type: `${types}digest-unsupported-algorithms`,
        "unsupported-algorithms": [{ algorithm: "md5", header: "Content-Digest" }],
      });
      const short = await create({ "Upload-Complete": "?1", "Repr-Digest": "sha-256=:AAAA:" }, randomBytes(1));
      expect(bodyOf(short)).toMatchObject({
        type: `${types}digest-invalid-values`,
        "invalid-digests": [
          { algorithm: "sha-256", header: "Repr-Digest", reason: "digest value is not 32 bytes long" },
        ],
      });
      const broken = await create({ "Upload-Complete": "?1", "Repr-Digest": "sha-256=AAAA" }, randomBytes(1));
      expect([broken.status, bodyOf(broken).code]).toEqual([400, "invalid_input"]);
      // One that is known is enough.
      const body = randomBytes(9);
      const both = `md5=:AAAA:, ${digestField(body)}`;
      expect((await create({ "Upload-Complete": "?1", "Content-Digest": both }, body)).status).toBe(201);
    });

    it("Repr-Digest is what the file is sealed by; another file is quarantined, another digest refused", async () => {
      const file = randomBytes(700_000);
      const location = await created({ "Repr-Digest": digestField(file) });
      expect((await append(location, 0, file.subarray(0, 500_000), "?0")).status).toBe(204);
      const other = await append(location, 500_000, file.subarray(500_000), "?1", {
        "Repr-Digest": digestField(randomBytes(1)),
      });
      expect([other.status, bodyOf(other).code]).toEqual([400, "digest_mismatch"]);
      const last = await append(location, 500_000, file.subarray(500_000), "?1", { "Repr-Digest": digestField(file) });
      expect(last.status).toBe(201);
      expect((await sealed(location)).digestOriginator).toBe("device");
      const wrong = await create({ "Upload-Complete": "?1", "Repr-Digest": digestField(file) }, randomBytes(10));
      expect(wrong.status).toBe(201);
      await vi.waitFor(async () => {
        const { recording } = await rowOf(String(wrong.headers.location));
        expect([recording.state, recording.quarantineReason]).toEqual(["quarantined", "digest_mismatch"]);
      }, 10_000);
    });
  });
});
