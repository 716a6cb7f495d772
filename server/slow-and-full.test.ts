import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { suspendDevice } from "../lib/devices/index.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../lib/testing/index.ts";
import type { ApiServerSettings } from "./testing/api-server.ts";
import { findUpload } from "./testing/find-upload.ts";
import { type ApiServer, startApiServer } from "./testing/start-api-server.ts";
import { tusDevice } from "./testing/tus-client.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** A disk of its own of 16 MB, where this user may mount one; otherwise null. */
function smallDisk(): string | null {
  const directory = mkdtempSync(join(tmpdir(), "strongroom-small-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", directory], { stdio: "ignore" });
    return directory;
  } catch {
    rmSync(directory, { recursive: true });
    return null;
  }
}

describe("a slow link", () => {
  const world = useTestDatabase();
  let server: Awaited<ReturnType<typeof startApiServer>> | undefined;
  afterEach(() => server?.stop());

  async function connect(timing: ApiServerSettings["timing"]) {
    server = await startApiServer({
      databaseUrl: world().databaseUrl,
      dataDir: world().dir,
      ...(timing && { timing }),
    });
    const device = await factories.makeDevice(world().db);
    return tusDevice(() => server?.url ?? "", device.token);
  }
  const uploadAt = (location: string) => findUpload(world().db, location);

  it("has its bytes promised while they drip, inside a chunk too", async () => {
    const client = await connect({ checkpointMs: 300, leaseMs: 1_000, renewMs: 200 });
    const file = randomBytes(500_000);
    const location = String((await client.create(file.length, { sha256: sha256(file) })).headers.location);
    const { request, answered } = client.openPatch(location, 0, file.length);
    const offsets = new Set<bigint>();
    for (let at = 0; at < file.length; at += 10_000) {
      request.write(file.subarray(at, at + 10_000));
      await sleep(60);
      offsets.add((await uploadAt(location)).offsetBytes);
    }
    request.end();
    expect((await answered).status).toBe(204);
    expect(offsets.size).toBeGreaterThan(4);
    expect((await uploadAt(location)).interruptions).toBe(0);
    await vi.waitFor(async () => expect((await uploadAt(location)).recording.state).toBe("sealed"), 10_000);
    const [chunk] = await world().db.chunk.findMany({ where: { recordingId: (await uploadAt(location)).recordingId } });
    expect(Buffer.from(chunk?.sha256 ?? []).toString("hex")).toBe(sha256(file));
  });

  it("slower than any link is ended, and what arrived is kept", async () => {
    const client = await connect({ slowMs: 600, slowBytes: 1_000 });
    const location = String((await client.create(100_000)).headers.location);
    const { request, answered } = client.openPatch(location, 0, 100_000);
    request.on("error", () => undefined);
    request.write(randomBytes(30_000)); // fast enough for the first while
    const dripping = setInterval(() => request.write(Buffer.alloc(1)), 50);
    const answer = await answered;
    clearInterval(dripping);
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([408, "too_slow"]);
    const offset = Number((await client.head(location)).headers["upload-offset"]);
    expect(offset).toBeGreaterThan(30_000);
    expect(answer.headers["upload-offset"]).toBe(String(offset));
    request.destroy();
  });

  it("of a device that is suspended is ended, and what arrived is kept", async () => {
    const client = await connect({ renewMs: 200, leaseMs: 1_000 });
    const location = String((await client.create(100_000)).headers.location);
    const { request, answered } = client.openPatch(location, 0, 100_000);
    request.on("error", () => undefined);
    request.write(randomBytes(30_000));
    await vi.waitFor(async () => expect((await uploadAt(location)).leaseUntil).not.toBeNull(), 5_000);
    const { deviceId } = await uploadAt(location);
    await suspendDevice(world().context(await factories.makeAdmin(world().db)), deviceId);
    const answer = await answered;
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([401, "token_invalid"]);
    const { offsetBytes, recordingId } = await uploadAt(location);
    expect(offsetBytes).toBe(30_000n);
    await expectCustodyEvent(world().db, {
      action: "upload.interrupted",
      outcome: "failed",
      recordingId,
      details: { reason: "refused" },
    });
    request.destroy();
  });

  it("that has gone silent is ended, and what arrived is kept", async () => {
    const client = await connect({ idleMs: 700 });
    const location = String((await client.create(100_000)).headers.location);
    const { request, answered } = client.openPatch(location, 0, 100_000);
    request.on("error", () => undefined);
    request.write(randomBytes(30_000));
    const answer = await answered;
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([408, "idle_timeout"]);
    expect((await client.head(location)).headers["upload-offset"]).toBe("30000");
    request.destroy();
  });
});

const disk = smallDisk();
describe.skipIf(disk === null)("a full disk", () => {
  const world = useTestDatabase();
  let server: ApiServer | undefined;
  afterAll(async () => {
    await server?.stop();
    if (disk === null) return;
    execFileSync("umount", [disk]);
    rmSync(disk, { recursive: true });
  });

  it("is 507, loses nothing, and the upload goes on once there is room", async () => {
    const dataDir = disk ?? "";
    const settings = { STORAGE_RESERVE_BYTES: "0" };
    server = await startApiServer({ databaseUrl: world().databaseUrl, dataDir, settings });
    const device = await factories.makeDevice(world().db);
    const client = tusDevice(() => server?.url ?? "", device.token);
    const file = randomBytes(12_000_000);
    const metadata = { sha256: sha256(file), chunk_size: "1000000" };
    const created = await client.create(file.length, metadata);
    const location = String(created.headers.location);
    const ballast = join(dataDir, "ballast");
    mkdirSync(ballast);
    execFileSync("dd", ["if=/dev/zero", `of=${ballast}/fill`, "bs=1M", "count=8"], { stdio: "ignore" });
    const full = await client.patch(location, 0, file);
    expect([full.status, JSON.parse(full.body).code]).toEqual([507, "insufficient_storage"]);
    const offset = Number((await client.head(location)).headers["upload-offset"]);
    expect(offset).toBeGreaterThan(4_000_000);
    const refused = await client.create(20_000_000);
    expect([refused.status, JSON.parse(refused.body).code]).toEqual([507, "insufficient_storage"]);
    expect(Number(refused.headers["retry-after"])).toBeGreaterThanOrEqual(60);
    rmSync(ballast, { recursive: true });
    expect((await client.patch(location, offset, file.subarray(offset))).status).toBe(204);
    const recordingId = String(created.headers["strongroom-recording"]);
    await vi.waitFor(() => expectCustodyEvent(world().db, { action: "recording.sealed", recordingId }), 10_000);
  });
});
