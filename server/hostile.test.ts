import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { factories, useTestDatabase } from "../lib/testing/index.ts";
import { type ApiServer, startApiServer } from "./testing/start-api-server.ts";
import { type Answer, ask, tusDevice } from "./testing/tus-client.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("hostile uploads", () => {
  const world = useTestDatabase();
  let server: ApiServer;
  let token: string;
  let client: ReturnType<typeof tusDevice>;

  beforeAll(async () => {
    server = await startApiServer({ databaseUrl: world().databaseUrl, dataDir: world().dir, hasWorkers: false });
    token = (await factories.makeDevice(world().db)).token;
    client = tusDevice(() => server.url, token);
  });
  afterAll(() => server.stop());

  const withHeader = (header: string) => client.create(10, {}, { "Upload-Metadata": header });
  async function expectRefused(answer: Answer, code: string, field?: string) {
    expect(answer.status).toBe(code === "too_large" ? 413 : 400);
    const problem: unknown = JSON.parse(answer.body);
    expect(problem).toMatchObject({ code, ...(field === undefined ? {} : { field }) });
    expect(answer.headers["content-type"]).toBe("application/problem+json");
  }

  it.each([
    ["a path up", "../../../etc/passwd"],
    ["an absolute path", "/etc/passwd"],
    ["a Windows path", "..\\..\\boot.ini"],
    ["NUL", "a\u0000.mp4"],
    ["a line break", 'a"\r\nSet-Cookie: x=y'],
    ["a right-to-left mark", "clip\u202Egpj.exe"],
    ["4,000 characters", "x".repeat(4000)],
    ["nothing", ""],
  ])("refuses a file name with %s, and names the key", async (_what, filename) => {
    const before = await world().db.recording.count();
    await expectRefused(await client.create(10, { filename }), "metadata_invalid", "filename");
    expect(await world().db.recording.count()).toBe(before);
  });

  it.each([
    'say "cheese".mp4',
    "cámara trasera — puerta nº 2.mp4",
    "後部カメラ.mp4",
    "-rf *.mp4",
    "a;b%00.mp4",
    "con.mp4",
  ])("keeps the file name %s as it is, as data only", async (filename) => {
    const answer = await client.create(10, { filename });
    const id = String(answer.headers["strongroom-recording"]);
    expect((await world().db.recording.findUniqueOrThrow({ where: { id } })).fileName).toBe(filename);
  });

  it.each([
    ["no Base64", "filename not-base64!", "filename"],
    ["no UTF-8", `place ${Buffer.from([0xff, 0xfe]).toString("base64")}`, "place"],
    ["a key twice", `place ${base64("a")},place ${base64("b")}`, "place"],
    ["free metadata that is no JSON", `metadata ${base64("{oops")}`, "metadata"],
    ["free metadata that is no object", `metadata ${base64("[1]")}`, "metadata"],
    ["free metadata with NUL", `metadata ${base64('{"a":"\\u0000"}')}`, "metadata"],
    ["free metadata with half a character", `metadata ${base64('{"a":["\\ud800"]}')}`, "metadata"],
    ["free metadata with half a key", `metadata ${base64('{"\\udfff":1}')}`, "metadata"],
    [
      "free metadata 3,000 levels deep",
      `metadata ${base64(`{"a":${"[".repeat(3000)}${"]".repeat(3000)}}`)}`,
      "metadata",
    ],
    ["too much free metadata", `metadata ${base64(JSON.stringify({ a: "x".repeat(66_000) }))}`, "metadata"],
    ["a time without a zone", `captured_from ${base64("2026-03-14T10:31:04")}`, "captured_from"],
    ["a 30 February", `captured_from ${base64("2026-02-30T10:31:04Z")}`, "captured_from"],
    ["a digest that is none", `sha256 ${base64("abc")}`, "sha256"],
    ["a media type that is none", `filetype ${base64("video")}`, "filetype"],
    ["a chunk size of a byte", `chunk_size ${base64("1")}`, "chunk_size"],
    ["a chunk size of half a byte", `chunk_size ${base64("400000.5")}`, "chunk_size"],
  ])("refuses metadata with %s, and names the key", async (_what, header, field) => {
    await expectRefused(await withHeader(header), "metadata_invalid", field);
  });

  it("refuses a megabyte of metadata without reading it to its end", async () => {
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    socket.on("error", () => undefined);
    socket.write(`POST /api/uploads HTTP/1.1\r\nHost: a\r\nUpload-Metadata: filename ${"A".repeat(1_000_000)}\r\n\r\n`);
    const first = await new Promise<string>((resolve) => {
      socket.once("data", (bytes) => resolve(bytes.toString()));
      socket.once("close", () => resolve("closed"));
    });
    expect(first).toMatch(/^HTTP\/1.1 431 |^closed$/);
    socket.destroy();
  });

  it.each([
    ["negative", "-1", "length_invalid"],
    ["fractional", "10.5", "length_invalid"],
    ["in another notation", "1e3", "length_invalid"],
    ["in hexadecimal", "0x10", "length_invalid"],
    ["nothing", "", "length_invalid"],
    ["twice", "10, 10", "length_invalid"],
    ["beyond what a number holds", "9007199254740993", "too_large"],
    ["absurd", "9".repeat(30), "too_large"],
    ["longer than absurd", "9".repeat(300), "length_invalid"],
    ["beyond the limit", String(2 ** 41), "too_large"],
  ])("refuses a length that is %s", async (_what, length, code) => {
    const answer = await ask(`${server.url}/api/uploads`, {
      method: "POST",
      token,
      headers: { "Upload-Length": length },
    });
    await expectRefused(answer, code, "Upload-Length");
  });

  it("refuses a length that is beyond the free space, for now", async () => {
    const answer = await client.create(2 ** 40 - 1);
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([507, "insufficient_storage"]);
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
  });

  it.each(["-1", "1.5", "abc", "99999999999999999999"])("refuses the offset %s", async (offset) => {
    const location = String((await client.create(10)).headers.location);
    const answer = await client.patch(location, 0, randomBytes(10), { "Upload-Offset": offset });
    expect([400, 413]).toContain(answer.status);
    expect(JSON.parse(answer.body)).toMatchObject({ field: "Upload-Offset" });
  });

  it("is not led astray by forwarded fields or odd hosts", async () => {
    const proxied = await client.create(
      10,
      {},
      { "X-Forwarded-Proto": "javascript", "X-Forwarded-Host": "evil.example" },
    );
    expect(proxied.headers.location).toMatch(/^\/api\/uploads\/U-/);
    const odd = await client.create(10, {}, { Host: "evil/../x" });
    expect(odd.headers.location).toMatch(/^\/api\/uploads\/U-/);
    const { fromAddress } = await world().db.custodyEvent.findFirstOrThrow({ where: { action: "upload.started" } });
    expect(fromAddress).toBe("127.0.0.1");
  });
});
