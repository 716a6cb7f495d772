import { createHash, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { factories, useTestDatabase } from "../testing/index.ts";
import { DeclaredChunks } from "./declared-chunks.ts";

const chunkSizeBytes = 400_000;

describe("digests of a manifest", () => {
  const world = useTestDatabase();

  test("are read in parts, of which no chunk falls between two", async () => {
    const { db } = world();
    const digests = Array.from({ length: 700 }, (_, index) => createHash("sha256").update(String(index)).digest());
    const recording = await factories.makeRecording(db, { state: "receiving" });
    const kid = randomBytes(32).toString("base64url");
    const { deviceId, id: recordingId } = recording;
    const manifestSha256 = randomBytes(32);
    await db.deviceKey.create({ data: { kid, deviceId, publicKey: randomBytes(32), createdAt: new Date() } });
    await db.manifest.create({
      data: {
        manifestSha256,
        recordingId,
        deviceId,
        kid,
        sequence: 1,
        chain: "first",
        chunkSizeBytes,
        chunkSha256s: Buffer.concat(digests),
        facts: {},
        jws: "x",
        receivedAt: new Date(),
      },
    });
    const upload = await db.upload.update({ where: { recordingId }, data: { manifestSha256 } });
    const declared = new DeclaredChunks(world().context(), upload.id);
    const chunk = (index: number, of = index) => ({
      index,
      lengthBytes: chunkSizeBytes,
      sha256: digests[of]?.toString("hex") ?? "",
    });
    // From a resumed offset on to the end, and back to the beginning as another request would.
    for (const first of [300, 0])
      for (let index = first; index < digests.length; index++)
        expect(await declared.firstWrong([chunk(index)])).toBeNull();
    expect(await declared.firstWrong([chunk(255), chunk(256), chunk(257, 3), chunk(258, 4)])).toMatchObject({
      index: 257,
      expectedSha256: digests[257]?.toString("hex"),
    });
    expect(await declared.firstWrong([chunk(700, 3)])).toMatchObject({ index: 700, expectedSha256: "" });
  });
});
