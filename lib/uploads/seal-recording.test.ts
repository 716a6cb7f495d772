import { createHash, randomBytes } from "node:crypto";
import { open, truncate } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { getDeviceRecording, getRecording, recordingKey } from "../recordings/index.ts";
import { openFileBlobStore } from "../storage/index.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../testing/index.ts";
import { quarantineRecording, sealRecording } from "./index.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();
const chunkSizeBytes = 400_000;

describe("reading a recording back", () => {
  const world = useTestDatabase();
  const file = randomBytes(3 * chunkSizeBytes + 123);
  let path: string;
  let recordingId: string;

  async function received(content: Uint8Array = file, declared: Uint8Array | null = sha256(content)) {
    const recording = await factories.makeRecording(world().db, {
      state: "received",
      content,
      chunkSizeBytes,
      data: { sha256: null, declaredSha256: declared === null ? null : Buffer.from(declared) },
    });
    recordingId = recording.id;
    path = join(world().dir, "storage", recordingKey(recording.id));
    await world().storage.create(recordingKey(recording.id));
    const writer = await world().storage.openWriter(recordingKey(recording.id), 0);
    await writer.write([content]);
    await writer.close();
  }
  const seal = () => sealRecording(world().context({ kind: "system", name: "recording.seal" }), { recordingId });
  const row = () => world().db.recording.findUniqueOrThrow({ where: { id: recordingId } });

  async function expectQuarantine(reason: string, details: object) {
    await seal();
    expect(await row()).toMatchObject({ state: "quarantined", quarantineReason: reason });
    await expectCustodyEvent(world().db, {
      action: "recording.quarantined",
      outcome: "failed",
      recordingId,
      details: { reason, ...details },
    });
  }
  async function spoil(position: number) {
    const handle = await open(path, "r+");
    await handle.write(Buffer.from([(file[position] ?? 0) ^ 1]), 0, 1, position);
    await handle.close();
  }

  beforeAll(async () => {
    await world().db.$queryRaw`SELECT 1`;
  });

  it("seals what is as it was declared, and says so once however often it runs", async () => {
    await received();
    await Promise.all([seal(), seal()]);
    await seal();
    const { state, sha256: found, sealedAt } = await row();
    expect(state).toBe("sealed");
    expect(Buffer.from(found ?? [])).toEqual(sha256(file));
    expect(sealedAt).toEqual(world().clock.now());
    expect(await world().db.custodyEvent.count({ where: { recordingId, action: "recording.sealed" } })).toBe(1);
  });

  it("computes the SHA-256 of a file that came without one", async () => {
    await received(file, null);
    await seal();
    expect(Buffer.from((await row()).sha256 ?? [])).toEqual(sha256(file));
  });

  it("seals a file that ends at a chunk boundary, and an empty one", async () => {
    for (const content of [file.subarray(0, 2 * chunkSizeBytes), file.subarray(0, 0)]) {
      await received(content);
      await seal();
      expect((await row()).state).toBe("sealed");
    }
  });

  it("quarantines a file of which a chunk is not what the manifest says, and names the first", async () => {
    const { db } = world();
    await received();
    const { deviceId } = await row();
    const kid = randomBytes(32).toString("base64url");
    await db.deviceKey.create({ data: { kid, deviceId, publicKey: randomBytes(32), createdAt: new Date() } });
    const digests = [0, 1, 2, 3].map((i) => sha256(file.subarray(i * chunkSizeBytes, (i + 1) * chunkSizeBytes)));
    const manifest = {
      manifestSha256: randomBytes(32),
      recordingId,
      deviceId,
      kid,
      sequence: 1,
      chain: "first" as const,
      chunkSizeBytes,
      facts: {},
      jws: "x",
      receivedAt: new Date(),
    };
    const wrong = [...digests.slice(0, 2), Buffer.alloc(32), ...digests.slice(3)];
    await db.manifest.create({ data: { ...manifest, chunkSha256s: Buffer.concat(wrong) } });
    await db.upload.update({ where: { recordingId }, data: { manifestSha256: manifest.manifestSha256 } });
    await expectQuarantine("chunk_mismatch", { index: 2, expectedSha256: "00".repeat(32) });
  });

  it("quarantines a file whose SHA-256 is not the declared one", async () => {
    await received(file, sha256(randomBytes(10)));
    await expectQuarantine("digest_mismatch", { actualSha256: sha256(file).toString("hex") });
  });

  it("names the first chunk that changed in storage, down to one bit", async () => {
    await received();
    await spoil(3 * chunkSizeBytes + 122);
    await spoil(chunkSizeBytes);
    await expectQuarantine("chunk_mismatch", { index: 1 });
  });

  it("quarantines a file that is shorter or longer than what arrived", async () => {
    for (const sizeBytes of [file.length - 1, file.length + 1]) {
      await received();
      await truncate(path, sizeBytes);
      await expectQuarantine("length_mismatch", { expectedBytes: file.length, actualBytes: sizeBytes });
    }
  });

  it("quarantines a file that is not there", async () => {
    await received();
    await world().storage.remove(recordingKey(recordingId));
    await expectQuarantine("missing", {});
    expect((await row()).sha256).toBeNull();
  });

  it("quarantines a sealed recording that was damaged later, and keeps what it was sealed with", async () => {
    await received();
    await seal();
    const operator = world().context({ kind: "system", name: "command check" });
    const again = () => quarantineRecording(operator, { recordingId });
    await expect(again()).rejects.toMatchObject({ code: "state_conflict" });
    expect((await row()).state).toBe("sealed");
    await spoil(2 * chunkSizeBytes + 5);
    expect(await again()).toBe("chunk_mismatch");
    expect(await row()).toMatchObject({ state: "quarantined", quarantineReason: "chunk_mismatch" });
    expect(Buffer.from((await row()).sha256 ?? [])).toEqual(sha256(file));
    const details = { reason: "chunk_mismatch", from: "sealed", index: 2, offsetBytes: 2 * chunkSizeBytes };
    await expectCustodyEvent(world().db, { action: "recording.quarantined", outcome: "failed", recordingId, details });
    const officer = world().context(await factories.makeOfficer(world().db));
    const shown = await getRecording(officer, recordingId);
    expect(shown.quarantineFinding).toMatchObject({ firstBadChunk: 2, firstBadByte: 800_000, wasSealed: true });
    expect(shown.quarantineFinding?.expectedSha256).toBe(
      sha256(file.subarray(2 * chunkSizeBytes, 3 * chunkSizeBytes)).toString("hex"),
    );
    const device = world().context({ kind: "device", deviceId: (await row()).deviceId, name: "x" });
    const forDevice = { state: "quarantined", firstBadChunk: 2, receipt: null };
    expect(await getDeviceRecording(device, recordingId)).toMatchObject(forDevice);
    await expect(again()).rejects.toMatchObject({ code: "not_found" });
    await expect(quarantineRecording(officer, { recordingId })).rejects.toMatchObject({ code: "forbidden" });
  });

  it("quarantines a sealed recording whose file is gone", async () => {
    await received();
    await seal();
    await world().storage.remove(recordingKey(recordingId));
    expect(await quarantineRecording(world().context(), { recordingId })).toBe("missing");
    const shown = await getRecording(world().context(await factories.makeOfficer(world().db)), recordingId);
    expect(shown.quarantineFinding).toMatchObject({ firstBadChunk: null, wasSealed: true });
  });

  it("quarantines nothing when the storage is not the archive's, as on a disk that is not mounted", async () => {
    await received();
    await seal();
    const sealedId = recordingId;
    await received();
    const storage = openFileBlobStore(join(world().dir, "not-mounted"));
    const ctx = world().context({ kind: "system", name: "command check" }, { storage });
    await expect(quarantineRecording(ctx, { recordingId: sealedId })).rejects.toMatchObject({ code: "unavailable" });
    await expect(sealRecording(ctx, { recordingId })).rejects.toMatchObject({ code: "unavailable" });
    const rows = await world().db.recording.findMany({ where: { id: { in: [sealedId, recordingId] } } });
    expect(rows.map(({ state }) => state).sort()).toEqual(["received", "sealed"]);
  });

  it("leaves other states alone", async () => {
    await received();
    await world().db.recording.update({ where: { id: recordingId }, data: { state: "received" } });
    const { id } = await factories.makeRecording(world().db, { state: "receiving" });
    await sealRecording(world().context(), { recordingId: id });
    await sealRecording(world().context(), { recordingId: "R-00000-00000" });
    expect((await world().db.recording.findUniqueOrThrow({ where: { id } })).state).toBe("receiving");
  });

  it("stops when it is told to, and changes nothing", async () => {
    await received();
    const stopped = sealRecording(world().context(), { recordingId }, AbortSignal.abort(new Error("stopping")));
    await expect(stopped).rejects.toThrow("stopping");
    expect((await row()).state).toBe("received");
  });
});
