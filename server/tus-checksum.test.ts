import { createHash, randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { encodeMetadataHeader } from "../lib/protocol/index.ts";
import { recordingKey } from "../lib/recordings/index.ts";
import { openFileBlobStore } from "../lib/storage/index.ts";
import { expectCustodyEvent } from "../lib/testing/index.ts";
import { findUpload } from "./testing/find-upload.ts";
import { type Answer, ask, tusDevice } from "./testing/tus-client.ts";
import { useTusServer } from "./testing/tus-server.ts";

const codeOf = (answer: Answer): unknown => JSON.parse(answer.body).code;

describe("tus 1.0, checksum", () => {
  const { world, client, token, endpoint, created, offsetOf, start } = useTusServer();
  const checksum = (algorithm: string, content: Uint8Array) =>
    `${algorithm} ${createHash(algorithm).update(content).digest("base64")}`;
  const file = randomBytes(1_000_000);
  const small = { "Upload-Metadata": encodeMetadataHeader([["chunk_size", "400000"]]) };
  const rowOf = (location: string) => findUpload(world().db, location);
  const stored = async (location: string) =>
    buffer(openFileBlobStore(`${world().dir}/storage`).read(recordingKey((await rowOf(location)).recordingId)));

  it("OPTIONS names the algorithms", async () => {
    const { headers } = await ask(endpoint(), { method: "OPTIONS" });
    expect(headers["tus-checksum-algorithm"]).toBe("sha1,sha256,sha512,md5");
    expect(headers["tus-extension"]).toMatch(/,checksum,checksum-trailer/);
  });

  it.each(["sha1", "sha256", "sha512", "md5"])("a body that matches its %s is taken: 204", async (algorithm) => {
    const location = await created(file.length, small);
    const [head, rest] = [file.subarray(0, 500_000), file.subarray(500_000)];
    const first = await client.patch(location, 0, head, { "Upload-Checksum": checksum(algorithm, head) });
    expect([first.status, first.headers["upload-offset"]]).toEqual([204, "500000"]);
    await client.patch(location, 500_000, rest, { "Upload-Checksum": checksum(algorithm, rest) });
    expect(await stored(location)).toEqual(file);
    const { state, recording } = await rowOf(location);
    expect(state).toBe("complete");
    expect(recording.chunks.map(({ lengthBytes }) => lengthBytes)).toEqual([400_000, 400_000, 200_000]);
  });

  it.each(["sha1", "sha256", "sha512", "md5"])(
    "one that does not is 460, and nothing of it stays (%s)",
    async (name) => {
      const location = await created(file.length, small);
      await client.patch(location, 0, file.subarray(0, 100));
      const wrong = { "Upload-Checksum": checksum(name, randomBytes(9)) };
      const answer = await client.patch(location, 100, randomBytes(file.length - 100), wrong);
      expect([answer.status, answer.headers["upload-offset"], codeOf(answer)]).toEqual([
        460,
        "100",
        "checksum_mismatch",
      ]);
      const { offsetBytes, state, recording } = await rowOf(location);
      expect([offsetBytes, state, recording.chunks.length]).toEqual([100n, "open", 1]);
      await expectCustodyEvent(world().db, {
        action: "upload.interrupted",
        recordingId: recording.id,
        outcome: "failed",
      });
      const right = { "Upload-Checksum": checksum(name, file.subarray(100)) };
      expect((await client.patch(location, 100, file.subarray(100), right)).status).toBe(204);
      expect(await stored(location)).toEqual(file);
    },
  );

  it.each([
    ["an unknown algorithm", "crc32 AAAAAA=="],
    ["upper case", `SHA1 ${Buffer.alloc(20).toString("base64")}`],
    ["no digest", "sha1"],
    ["a digest that is too short", `sha256 ${Buffer.alloc(20).toString("base64")}`],
    ["hexadecimal digits", `sha1 ${"ab".repeat(20)}`],
    ["no Base64", "sha1 ????"],
    ["nothing", ""],
    ["two", `sha1 ${Buffer.alloc(20).toString("base64")}, md5 ${Buffer.alloc(16).toString("base64")}`],
  ])("with %s it is 400, and the offset stays", async (_what, value) => {
    const location = await created(10);
    const answer = await client.patch(location, 0, randomBytes(4), { "Upload-Checksum": value });
    expect([answer.status, JSON.parse(answer.body).field]).toEqual([400, "Upload-Checksum"]);
    expect(await offsetOf(location)).toBe("0");
  });

  it("a body that breaks off leaves nothing, as it was never compared", async () => {
    const location = await created(file.length, small);
    const { request } = client.openPatch(location, 0, file.length, { "Upload-Checksum": checksum("sha1", file) });
    request.write(file.subarray(0, 900_000));
    await vi.waitFor(async () => expect((await rowOf(location)).leaseUntil).not.toBeNull());
    await sleep(300);
    request.destroy();
    await vi.waitFor(async () => expect((await rowOf(location)).leaseUntil).toBeNull());
    expect((await rowOf(location)).offsetBytes).toBe(0n);
    expect((await client.patch(location, 0, file, { "Upload-Checksum": checksum("sha1", file) })).status).toBe(204);
    expect(await stored(location)).toEqual(file);
  });

  it("a length that comes with a body is not kept either when the body is not", async () => {
    const location = await created(null);
    const wrong = { "Upload-Length": "4", "Upload-Checksum": checksum("md5", randomBytes(9)) };
    expect((await client.patch(location, 0, randomBytes(4), wrong)).status).toBe(460);
    expect((await client.head(location)).headers["upload-defer-length"]).toBe("1");
    const bytes = randomBytes(5);
    const right = { "Upload-Length": "5", "Upload-Checksum": checksum("md5", bytes) };
    expect((await client.patch(location, 0, bytes, right)).status).toBe(204);
    expect((await rowOf(location)).state).toBe("complete");
  });

  it("one of more than 1 GiB is 413 before it is read", async () => {
    const location = await created(2 ** 31);
    const { request, answered } = client.openPatch(location, 0, 2 ** 30 + 1, {
      "Upload-Checksum": checksum("sha1", file),
    });
    request.write(randomBytes(10));
    expect((await answered).status).toBe(413);
    request.destroy();
  });

  it("creation with upload: 460 names the upload, which is there and empty", async () => {
    const headers = {
      "Content-Type": "application/offset+octet-stream",
      "Upload-Length": "4",
      "Upload-Checksum": checksum("sha1", randomBytes(9)),
    };
    const answer = await ask(endpoint(), { method: "POST", token: token(), body: randomBytes(4), headers });
    expect([answer.status, answer.headers["upload-offset"]]).toEqual([460, "0"]);
    expect(await offsetOf(String(answer.headers.location))).toBe("0");
  });

  async function withTrailer(location: string, content: Uint8Array, trailer: string | null, over = {}) {
    const headers = { "Transfer-Encoding": "chunked", Trailer: "Upload-Checksum", ...over };
    const { request, answered } = client.openPatch(location, 0, null, headers);
    request.write(content);
    if (trailer !== null) request.addTrailers({ "Upload-Checksum": trailer });
    request.end();
    return answered;
  }

  it("a trailer is compared like a header", async () => {
    const location = await created(file.length, small);
    expect((await withTrailer(location, file, checksum("sha512", randomBytes(9)))).status).toBe(460);
    expect(await offsetOf(location)).toBe("0");
    expect((await withTrailer(location, file, checksum("sha512", file))).status).toBe(204);
    expect((await rowOf(location)).state).toBe("complete");
    expect(await stored(location)).toEqual(file);
  });

  it.each([
    ["did not come", null, {}],
    ["cannot be read", "sha1 nonsense", {}],
    ["stands beside a header", "md5 x", { "Upload-Checksum": `md5 ${Buffer.alloc(16).toString("base64")}` }],
  ])("a trailer that %s is 400, and the offset stays", async (_what, trailer, over) => {
    const location = await created(file.length);
    expect((await withTrailer(location, file, trailer, over)).status).toBe(400);
    expect(await offsetOf(location)).toBe("0");
  });

  it("of a body that the archive's own end cuts off: 503, nothing of it is kept, and it can be sent again", async () => {
    const other = await start();
    const device = tusDevice(() => other.url, token());
    const location = String((await device.create(file.length)).headers.location);
    const said = { "Upload-Checksum": checksum("sha1", file) };
    const { request, answered } = device.openPatch(location, 0, file.length, said);
    request.write(file.subarray(0, 900_000));
    await vi.waitFor(async () => expect((await rowOf(location)).leaseUntil).not.toBeNull());
    await sleep(300);
    const stopped = other.stop();
    const answer = await answered;
    expect([answer.status, answer.headers["retry-after"]]).toEqual([503, "2"]);
    request.destroy();
    await stopped;
    expect((await rowOf(location)).offsetBytes).toBe(0n);
    expect((await client.patch(location, 0, file, said)).status).toBe(204);
    expect(await stored(location)).toEqual(file);
  });

  it("is compared also where there are no bytes: an empty body to a complete upload", async () => {
    const location = await created(4);
    await client.patch(location, 0, randomBytes(4));
    const send = (content: Uint8Array) =>
      client.patch(location, 4, new Uint8Array(), { "Upload-Checksum": checksum("sha1", content) });
    expect((await send(randomBytes(1))).status).toBe(460);
    expect((await send(new Uint8Array())).status).toBe(204);
  });
});
