import { createHash, randomBytes } from "node:crypto";
import { request as httpRequest } from "node:http";
import { buffer, text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { recordingKey } from "../lib/recordings/index.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../lib/testing/index.ts";
import { sealRecording } from "../lib/uploads/index.ts";
import { makeSigningDevice } from "./testing/signing-device.ts";
import { startTestArchive, type TestArchive } from "./testing/test-archive.ts";

const boundary = "----strongroom-test";
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

type Part = [name: string, value: string | Uint8Array];

/** A form as curl writes it. */
function formOf(parts: Part[]): Buffer {
  const pieces = parts.flatMap(([name, value]) => [
    typeof value === "string"
      ? `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}`
      : `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="gate.mp4"\r\nContent-Type: video/mp4\r\n\r\n`,
    ...(typeof value === "string" ? [] : [value]),
    "\r\n",
  ]);
  return Buffer.concat([...pieces, `--${boundary}--\r\n`].map((piece) => Buffer.from(piece)));
}

describe("one plain form with a file", () => {
  const world = useTestDatabase();
  let archive: TestArchive;
  let device: Awaited<ReturnType<typeof factories.makeDevice>>;
  beforeAll(async () => {
    archive = await startTestArchive(world());
    device = await factories.makeDevice(world().db);
  });
  afterAll(() => archive.stop());

  function open(token = device.token, headers: Record<string, string> = {}) {
    const request = httpRequest(`${archive.url}/api/recordings`, {
      method: "POST",
      agent: false,
      headers: {
        Authorization: `Bearer ${token}`,
        "Content-Type": `multipart/form-data; boundary=${boundary}`,
        ...headers,
      },
    });
    const answered = new Promise<{ status: number; headers: Record<string, unknown>; json: Record<string, unknown> }>(
      (resolve, reject) => {
        request.once("error", reject);
        request.once("response", (response) => {
          text(response).then(
            (body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, json: JSON.parse(body) }),
            reject,
          );
        });
      },
    );
    answered.catch(() => undefined); // a cut is what some tests want
    return { request, answered };
  }
  async function send(parts: Part[], headers: Record<string, string> = {}, token = device.token) {
    const { request, answered } = open(token, headers);
    request.end(formOf(parts));
    return answered;
  }
  const stored = (id: unknown) => buffer(world().storage.read(recordingKey(String(id))));

  test("is a recording like any other, with the metadata of its fields", async () => {
    const file = randomBytes(3_000_000);
    const answer = await send([
      ["captured_from", "2026-03-02T09:00:00Z"],
      ["source", "gate"],
      ["chunk_size", "400000"],
      ["file", file],
    ]);
    expect(answer.status).toBe(201);
    const { id } = answer.json;
    expect(answer.json).toMatchObject({
      state: "received",
      fileName: "gate.mp4",
      sizeBytes: file.length,
      digestOriginator: "archive",
      links: { self: `/api/recordings/${id}`, receipt: `/api/recordings/${id}/receipt` },
    });
    expect(answer.headers).toMatchObject({ location: `/api/recordings/${id}`, "strongroom-recording": id });
    await sealRecording(world().context(), { recordingId: String(id) });
    const row = await world().db.recording.findUniqueOrThrow({ where: { id: String(id) }, include: { chunks: true } });
    expect(row).toMatchObject({ state: "sealed", source: "gate", mediaType: "video/mp4" });
    expect(row.chunks).toHaveLength(8);
    expect((await stored(id)).equals(file)).toBe(true);
    await expectCustodyEvent(world().db, { action: "upload.started", recordingId: String(id), actorId: device.id });
    await expectCustodyEvent(world().db, { action: "recording.received", recordingId: String(id) });
  });

  test("declares its size and SHA-256, and is the same recording when it comes again", async () => {
    const file = randomBytes(100_000);
    const parts: Part[] = [
      ["sha256", sha256(file)],
      ["size", String(file.length)],
      ["file", file],
    ];
    const first = await send(parts);
    const again = await send(parts);
    expect([first.status, again.status, again.json.id]).toEqual([201, 200, first.json.id]);
    expect(first.json).toMatchObject({ declaredSha256: sha256(file), digestOriginator: "device" });
  });

  test("an empty file is one too", async () => {
    expect((await send([["file", Buffer.of()]])).json).toMatchObject({ state: "received", sizeBytes: 0 });
  });

  test("with a manifest is checked as one, chunk by chunk", async () => {
    const signer = await makeSigningDevice(world(), () => archive.url);
    const file = randomBytes(900_000);
    const manifest = signer.sign(signer.describe(file));
    const wrong = Buffer.from(file);
    wrong[500_000] = (wrong[500_000] ?? 0) ^ 1;
    const refused = await send(
      [
        ["manifest", manifest],
        ["file", wrong],
      ],
      {},
      signer.token,
    );
    expect([refused.status, refused.json]).toMatchObject([460, { code: "chunk_mismatch", chunk: 1 }]);
    expect((await signer.announce(manifest)).json).toMatchObject({ offsetBytes: 400_000, state: "receiving" });
    const right = await send(
      [
        ["manifest", manifest],
        ["file", file],
      ],
      {},
      signer.token,
    );
    expect([right.status, right.json]).toMatchObject([200, { state: "received" }]);
    expect((await stored(right.json.id)).equals(file)).toBe(true);
  });

  test("that breaks off keeps what arrived, and the same form goes on from there", async () => {
    const file = randomBytes(2_000_000);
    const parts: Part[] = [
      ["sha256", sha256(file)],
      ["file", file],
    ];
    const { request } = open();
    request.on("error", () => undefined);
    request.write(formOf(parts).subarray(0, 1_200_000));
    const { db } = world();
    const uploadOf = () =>
      db.upload.findFirst({ where: { recording: { declaredSha256: Buffer.from(sha256(file), "hex") } } });
    await vi.waitFor(async () => expect((await uploadOf())?.leaseUntil).not.toBeNull(), 5_000);
    await vi.waitFor(async () => expect((await uploadOf())?.id).toBeDefined(), 5_000);
    await new Promise<void>((resolve) => request.write(" ", () => resolve()));
    request.destroy();
    await vi.waitFor(async () => expect(Number((await uploadOf())?.offsetBytes)).toBeGreaterThan(1_000_000), 10_000);
    expect(await uploadOf()).toMatchObject({ state: "open", interruptions: 1 });
    const whole = await send(parts);
    expect([whole.status, whole.json]).toMatchObject([200, { state: "received" }]);
    expect((await stored(whole.json.id)).equals(file)).toBe(true);
  });

  test("whose file is not the declared one is refused, and leaves nothing to go on from", async () => {
    const file = randomBytes(200_000);
    const answer = await send([
      ["sha256", sha256(randomBytes(3))],
      ["file", file],
    ]);
    expect([answer.status, answer.json]).toMatchObject([460, { code: "checksum_mismatch", field: "sha256" }]);
    await expectCustodyEvent(world().db, { action: "upload.terminated", actorId: device.id });
  });

  test.each([
    ["longer than its size", [["size", "10"]], 413, "too_large"],
    ["shorter than its size", [["size", "2000"]], 400, "length_invalid"],
    ["of a size that is none", [["size", "ten"]], 400, "length_invalid"],
    ["with a wrong value", [["captured_from", "yesterday"]], 400, "metadata_invalid"],
    [
      "with a field twice",
      [
        ["source", "a"],
        ["source", "b"],
      ],
      400,
      "invalid_input",
    ],
    ["with a broken manifest", [["manifest", "x"]], 400, "manifest_invalid"],
  ] as [string, Part[], number, string][])("%s is refused", async (_, fields, status, code) => {
    const answer = await send([...fields, ["file", randomBytes(1_000)]]);
    expect([answer.status, answer.json.code]).toEqual([status, code]);
  });

  test("without a file, with another, or with fields behind it is refused, and nothing is complete", async () => {
    const before = await world().db.recording.count({ where: { state: "received" } });
    expect((await send([["source", "a"]])).json).toMatchObject({ code: "invalid_input", field: "file" });
    expect((await send([["video", randomBytes(10)]])).json).toMatchObject({ code: "invalid_input", field: "video" });
    const late = await send([
      ["file", randomBytes(10)],
      ["source", "late"],
    ]);
    expect([late.status, late.json]).toMatchObject([400, { code: "invalid_input", field: "source" }]);
    expect(await world().db.recording.count({ where: { state: "received" } })).toBe(before);
  });

  test("may carry a Content-Digest of the whole form", async () => {
    const parts: Part[] = [["file", randomBytes(50_000)]];
    const digest = createHash("sha256").update(formOf(parts)).digest("base64");
    expect((await send(parts, { "Content-Digest": `sha-256=:${digest}:` })).status).toBe(201);
    const before = await world().db.recording.count({ where: { state: "received" } });
    const wrong = createHash("sha256").update("other").digest("base64");
    const answer = await send(parts, { "Content-Digest": `sha-256=:${wrong}:` });
    expect(answer.json.code).toBe("digest_mismatch");
    expect(await world().db.recording.count({ where: { state: "received" } })).toBe(before);
  });

  test("needs a token, and a boundary", async () => {
    expect((await send([["file", randomBytes(10)]], { Authorization: "Bearer srd_none" })).status).toBe(401);
    expect((await send([["file", randomBytes(10)]], { "Content-Type": "multipart/form-data" })).status).toBe(415);
  });

  test("takes no more memory for a large file than for a small one", async () => {
    const { request, answered } = open();
    const head = formOf([["file", Buffer.of()]]);
    const end = head.subarray(head.lastIndexOf(`\r\n--${boundary}--`));
    request.write(head.subarray(0, head.length - end.length));
    const piece = randomBytes(1024 * 1024);
    const megabytes = 192;
    global.gc?.();
    const before = process.memoryUsage().rss;
    let most = 0;
    for (let i = 0; i < megabytes; i++) {
      if (!request.write(piece)) await new Promise((resolve) => request.once("drain", resolve));
      most = Math.max(most, process.memoryUsage().rss - before);
    }
    request.end(end);
    expect((await answered).json).toMatchObject({ state: "received", sizeBytes: megabytes * piece.length });
    // Client and server are one process here; the file is half as large again.
    expect(most).toBeLessThan(128 * 1024 * 1024);
  });
});
