import { createHash, randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { recordingKey } from "../lib/recordings/index.ts";
import { expectCustodyEvent, useTestDatabase } from "../lib/testing/index.ts";
import { sealRecording } from "../lib/uploads/index.ts";
import { makeSigningDevice } from "./testing/signing-device.ts";
import { startTestArchive, type TestArchive } from "./testing/test-archive.ts";
import { ask } from "./testing/tus-client.ts";

const chunk = 400_000;

/** A copy with one byte changed. */
function spoilt(bytes: Uint8Array, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

describe("chunks compared with their manifest while they stream", () => {
  const world = useTestDatabase();
  let archive: TestArchive;
  beforeAll(async () => {
    archive = await startTestArchive(world(), { timing: { checkpointMs: 100, renewMs: 200 } });
  });
  afterAll(() => archive.stop());

  /** A file of three chunks and a bit, announced by a device that signs. */
  async function announced(sizeBytes = 3 * chunk + 7_000) {
    const device = await makeSigningDevice(world(), () => archive.url);
    const file = randomBytes(sizeBytes);
    const jws = device.sign(device.describe(file));
    const { recording, upload } = (await device.announce(jws)).json as { recording: string; upload: string };
    return { device, file, jws, recording, upload, ...device.tus };
  }
  type Announced = Awaited<ReturnType<typeof announced>>;

  const offsetOf = async ({ head }: Announced, upload: string) => {
    const answer = await head(upload);
    return answer.status === 200 ? Number(answer.headers["upload-offset"]) : answer.status;
  };
  const wrongChunk = (answer: { status: number; body: string }) => {
    const { code, chunk: index } = JSON.parse(answer.body);
    return [answer.status, code, index];
  };
  async function sealed({ recording, file }: Announced) {
    await sealRecording(world().context(), { recordingId: recording });
    const row = await world().db.recording.findUniqueOrThrow({ where: { id: recording } });
    expect(row.state).toBe("sealed");
    expect((await buffer(world().storage.read(recordingKey(recording)))).equals(file)).toBe(true);
  }

  test("a wrong chunk ends the request; earlier chunks stay, and the device goes on from there", async () => {
    const sent = await announced();
    const { upload, file } = sent;
    const answer = await sent.patch(upload, 0, spoilt(file, 2 * chunk - 1));
    expect(wrongChunk(answer)).toEqual([460, "chunk_mismatch", 1]);
    expect(answer.headers).toMatchObject({ "upload-offset": String(chunk), location: upload });
    expect(JSON.parse(answer.body)).toMatchObject({
      expectedSha256: createHash("sha256")
        .update(file.subarray(chunk, 2 * chunk))
        .digest("hex"),
      field: "chunkSha256",
    });
    expect(await offsetOf(sent, upload)).toBe(chunk);
    const details = { offsetBytes: chunk, reason: "chunk_mismatch" };
    await expectCustodyEvent(world().db, { action: "upload.interrupted", recordingId: sent.recording, details });
    const rows = await world().db.chunk.findMany({ where: { recordingId: sent.recording } });
    expect(rows.map(({ index, lengthBytes }) => [index, lengthBytes])).toEqual([[0, chunk]]);
    expect((await sent.patch(upload, chunk, file.subarray(chunk))).status).toBe(204);
    await sealed(sent);
  });

  test("a wrong chunk of an HTTP upload is the same, and completes nothing", async () => {
    const sent = await announced();
    const append = (offset: number, body: Uint8Array, completes: string) =>
      ask(sent.upload, {
        method: "PATCH",
        token: sent.device.token,
        body,
        version: null,
        headers: {
          "Content-Type": "application/partial-upload",
          "Upload-Draft-Interop-Version": "8",
          "Upload-Offset": String(offset),
          "Upload-Complete": completes,
        },
      });
    const answer = await append(0, spoilt(sent.file, 3 * chunk + 6_999), "?1");
    expect(wrongChunk(answer)).toEqual([460, "chunk_mismatch", 3]);
    expect(answer.headers).toMatchObject({ "upload-offset": String(3 * chunk), location: sent.upload });
    const last = await append(3 * chunk, sent.file.subarray(3 * chunk), "?1");
    expect([last.status, last.headers["upload-complete"]]).toEqual([201, "?1"]);
    await sealed(sent);
  });

  test.each([
    ["the first chunk", 5, 0, 0],
    ["the last, shorter one", 3 * chunk + 6_999, 3, 3 * chunk],
  ])("%s may be the wrong one", async (_, at, index, offset) => {
    const sent = await announced();
    expect(wrongChunk(await sent.patch(sent.upload, 0, spoilt(sent.file, at)))).toEqual([460, "chunk_mismatch", index]);
    expect(await offsetOf(sent, sent.upload)).toBe(offset);
    expect((await world().db.recording.findUniqueOrThrow({ where: { id: sent.recording } })).state).toBe("receiving");
    expect((await sent.patch(sent.upload, offset, sent.file.subarray(offset))).status).toBe(204);
    await sealed(sent);
  });

  test("a file that is wrong at its very end is not complete, also when its request breaks off behind the last byte", async () => {
    const sent = await announced(1_000);
    const { request } = sent.openPatch(sent.upload, 0, null);
    request.on("error", () => undefined);
    request.write(spoilt(sent.file, 999));
    const { db } = world();
    // Under its lease by now, and all that it sent has been taken.
    await vi.waitFor(async () =>
      expect((await db.upload.findFirst({ where: { recordingId: sent.recording } }))?.leaseUntil).not.toBeNull(),
    );
    request.destroy();
    await vi.waitFor(async () =>
      expect((await db.upload.findFirst({ where: { recordingId: sent.recording } }))?.leaseUntil).toBeNull(),
    );
    expect((await db.recording.findUniqueOrThrow({ where: { id: sent.recording } })).state).toBe("receiving");
    expect((await sent.device.announce(sent.jws)).json).toMatchObject({ offsetBytes: 0, state: "receiving" });
  });

  test("a chunk that was cut keeps its beginning, and is compared when it is whole", async () => {
    const sent = await announced();
    for (const [from, until] of [
      [0, 100_001],
      [100_001, 399_999],
      [399_999, 900_000],
      [900_000, sent.file.length],
    ] as const) {
      expect((await sent.patch(sent.upload, from, sent.file.subarray(from, until))).status).toBe(204);
      expect(await offsetOf(sent, sent.upload)).toBe(until);
    }
    await sealed(sent);
  });

  test.each([
    ["its end", (file: Buffer) => [file.subarray(chunk, chunk + 250_000), spoilt(file.subarray(chunk + 250_000), 99)]],
    [
      "its beginning",
      (file: Buffer) => [spoilt(file.subarray(chunk, chunk + 250_000), 99), file.subarray(chunk + 250_000)],
    ],
  ])(
    "when %s was wrong, another upload goes on from the chunk's first byte and none before is sent again",
    async (_, pieces) => {
      const sent = await announced();
      const { upload, file } = sent;
      const [beginning, end] = pieces(file) as [Buffer, Buffer];
      await sent.patch(upload, 0, file.subarray(0, chunk));
      expect((await sent.patch(upload, chunk, beginning)).status).toBe(204);
      expect(await offsetOf(sent, upload)).toBe(chunk + 250_000);
      const answer = await sent.patch(upload, chunk + 250_000, end);
      expect(wrongChunk(answer)).toEqual([460, "chunk_mismatch", 1]);
      const next = String(answer.headers.location);
      expect(next).not.toBe(upload);
      expect(answer.headers["upload-offset"]).toBe(String(chunk));
      // The old address never answers less than it did: it is gone, for reading, writing and ending.
      expect(await offsetOf(sent, upload)).toBe(410);
      expect((await sent.patch(upload, chunk, file.subarray(chunk))).status).toBe(410);
      expect((await sent.remove(upload)).status).toBe(410);
      expect((await sent.device.announce(sent.jws)).json).toMatchObject({ upload: next, offsetBytes: chunk });
      const event = await expectCustodyEvent(world().db, { action: "upload.replaced", recordingId: sent.recording });
      expect(event.details).toMatchObject({ offsetBytes: chunk, droppedBytes: 250_000 });
      expect(await offsetOf(sent, next)).toBe(chunk);
      expect((await sent.patch(next, chunk, file.subarray(chunk))).status).toBe(204);
      await sealed(sent);
    },
  );

  test("another device's address that was replaced is not there, and says nothing of it", async () => {
    const sent = await announced();
    await sent.patch(sent.upload, 0, sent.file.subarray(0, 1_000));
    await sent.patch(sent.upload, 1_000, spoilt(sent.file.subarray(1_000), 0));
    expect(await offsetOf(sent, sent.upload)).toBe(410);
    const stranger = await makeSigningDevice(world(), () => archive.url);
    expect((await stranger.tus.head(sent.upload)).status).toBe(404);
  });

  test("a slow body whose chunk turns out wrong after its beginning was promised goes on in another upload", async () => {
    const sent = await announced();
    const { request, answered } = sent.openPatch(sent.upload, 0, sent.file.length);
    request.write(sent.file.subarray(0, chunk + 50_000));
    await vi.waitFor(async () => expect(await offsetOf(sent, sent.upload)).toBe(chunk + 50_000), 10_000);
    request.end(spoilt(sent.file.subarray(chunk + 50_000), 0));
    const answer = await answered;
    expect(wrongChunk(answer)).toEqual([460, "chunk_mismatch", 1]);
    expect([answer.headers["upload-offset"], answer.headers.location === sent.upload]).toEqual([String(chunk), false]);
    const next = String(answer.headers.location);
    expect((await sent.patch(next, chunk, sent.file.subarray(chunk))).status).toBe(204);
    await sealed(sent);
  });

  test("a body with a checksum is kept whole or not at all, also when its checksum is right and a chunk is wrong", async () => {
    const sent = await announced();
    const body = spoilt(sent.file, chunk);
    const checksum = `sha256 ${createHash("sha256").update(body).digest("base64")}`;
    const answer = await sent.patch(sent.upload, 0, body, { "Upload-Checksum": checksum });
    expect(wrongChunk(answer)).toEqual([460, "chunk_mismatch", 1]);
    expect(answer.headers["upload-offset"]).toBe("0");
    expect(await offsetOf(sent, sent.upload)).toBe(0);
    const right = `sha256 ${createHash("sha256").update(sent.file).digest("base64")}`;
    expect((await sent.patch(sent.upload, 0, sent.file, { "Upload-Checksum": right })).status).toBe(204);
    await sealed(sent);
  });

  test("however the bytes come, and whatever is wrong with them: what arrives in the end is what was signed", async () => {
    type Piece = { length: number; isSpoilt: boolean; isCut: boolean };
    const piece: fc.Arbitrary<Piece> = fc.record({
      length: fc.integer({ min: 1, max: 2 * chunk }),
      isSpoilt: fc.boolean(),
      isCut: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 6 }), async (pieces) => {
        const sent = await announced();
        /** Sends a piece from where the device should go on; false: nothing is left to send. */
        const send = async ({ length, isSpoilt, isCut }: Piece): Promise<boolean> => {
          const { json } = await sent.device.announce(sent.jws);
          const from = json.offsetBytes as number;
          const bytes = sent.file.subarray(from, from + length);
          if (bytes.length === 0) return false;
          const body = isSpoilt ? spoilt(bytes, Math.floor(bytes.length / 2)) : bytes;
          if (!isCut) {
            // A cut request may still be writing, or end meanwhile with a wrong chunk and another upload: ask again.
            expect([204, 409, 410, 423, 460]).toContain((await sent.patch(json.upload, from, body)).status);
            return true;
          }
          const { request } = sent.openPatch(json.upload, from, body.length + 1);
          request.on("error", () => undefined);
          // Node may never call a write back whose connection the archive has ended with its refusal.
          await new Promise<void>((resolve) => {
            request.once("close", resolve);
            request.write(body, () => resolve());
          });
          request.destroy();
          return true;
        };
        for (const piece of pieces) await send(piece);
        const rest = { length: sent.file.length, isSpoilt: false, isCut: false };
        await vi.waitFor(async () => expect(await send(rest)).toBe(false), { timeout: 15_000, interval: 50 });
        await sealed(sent);
      }),
      { numRuns: 8 },
    );
  }, 120_000);
});
