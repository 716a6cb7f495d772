import { createHash, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { BlobReader } from "../storage/index.ts";
import { factories, useTestDatabase } from "../testing/index.ts";
import { chunkRows } from "./chunk-rows.ts";
import { chunkSha256At, readBack } from "./read-back.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("a file of very many chunks", () => {
  const world = useTestDatabase();

  test.each([16, 512])("is read back with the digest of each, in its place, here or on threads", async (chunkBytes) => {
    const file = randomBytes(3_000 * chunkBytes + 5);
    const reader: BlobReader = {
      sizeBytes: file.length,
      read: async (into, position) => file.copy(into, 0, position),
      close: async () => undefined,
    };
    const found = await readBack(reader, chunkBytes);
    expect(found).toMatchObject({ sizeBytes: file.length, sha256: sha256(file) });
    expect(found.chunkSha256s).toHaveLength(3_001 * 32);
    for (const index of [0, 1_023, 1_024, 2_999, 3_000])
      expect(chunkSha256At(found.chunkSha256s, index)).toBe(
        sha256(file.subarray(index * chunkBytes, (index + 1) * chunkBytes)),
      );
    expect(chunkSha256At(found.chunkSha256s, 3_001)).toBeNull();
  });

  test("has its rows read in order, and none of them twice", async () => {
    const { db } = world();
    const { id: recordingId } = await factories.makeRecording(db, { state: "receiving" });
    await db.$executeRaw`
      INSERT INTO chunk (recording_id, index, offset_bytes, length_bytes, received_at, received_from)
      SELECT ${recordingId}, i, i * 400000::bigint, 400000, now(), 'local' FROM generate_series(0, 2000) i`;
    const indexes: number[] = [];
    for await (const { index } of chunkRows(db, recordingId)) indexes.push(index);
    expect(indexes).toEqual(Array.from({ length: 2_001 }, (_, index) => index));
  });
});
