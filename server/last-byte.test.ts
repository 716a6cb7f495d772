import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { factories, useTestDatabase } from "../lib/testing/index.ts";
import { findUpload } from "./testing/find-upload.ts";
import { startTestArchive, type TestArchive } from "./testing/test-archive.ts";
import { tusDevice } from "./testing/tus-client.ts";

describe("a length that is told when all bytes are here", () => {
  const world = useTestDatabase();
  let archive: TestArchive;
  beforeAll(async () => {
    archive = await startTestArchive(world());
  });
  afterAll(() => archive.stop());

  test("is told again when the last transaction failed, and the upload is complete then", async () => {
    const client = tusDevice(() => archive.url, (await factories.makeDevice(world().db)).token);
    const location = String((await client.create(null)).headers.location);
    await client.patch(location, 0, randomBytes(100));
    const end = () => client.patch(location, 100, new Uint8Array(), { "Upload-Length": "100" });
    vi.spyOn(archive.services.jobs, "add").mockRejectedValueOnce(new Error("killed"));
    expect((await end()).status).toBe(500);
    const asked = await client.head(location);
    expect(asked.headers).toMatchObject({ "upload-offset": "100", "upload-defer-length": "1" });
    expect((await end()).status).toBe(204);
    const { state, lengthBytes, recording } = await findUpload(world().db, location);
    expect([state, lengthBytes, recording.state, recording.sizeBytes]).toEqual(["complete", 100n, "received", 100n]);
  });
});
