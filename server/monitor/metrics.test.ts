import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { contextFor } from "../../lib/services.ts";
import { factories, useTestDatabase } from "../../lib/testing/index.ts";
import { sealRecording } from "../../lib/uploads/index.ts";
import { findUpload } from "../testing/find-upload.ts";
import { startTestArchive, type TestArchive } from "../testing/test-archive.ts";
import { tusDevice } from "../testing/tus-client.ts";

describe("the metrics", () => {
  const world = useTestDatabase();
  let archive: TestArchive;
  beforeAll(async () => {
    archive = await startTestArchive(world());
  });
  afterAll(() => archive.stop(0));

  /** Samples by their name with labels. */
  async function scrape(): Promise<Map<string, number>> {
    const { status, bytes } = await archive.get("/api/metrics", null);
    expect(status).toBe(200);
    const lines = bytes
      .toString()
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]));
  }

  test("count what is received, sealed, quarantined and refused", async () => {
    await world().db.logPending.deleteMany();
    const at = new Date(archive.services.clock.now().getTime() - 700_000);
    await world().db.custodyEvent.create({
      data: { at, action: "log.read", actorKind: "system", actorName: "test", correlationId: "c" },
    });
    const device = await factories.makeDevice(world().db);
    const client = tusDevice(() => archive.url, device.token);
    const system = contextFor(
      archive.services,
      { kind: "system", name: "test" },
      { address: null, userAgent: null },
      "t",
    );
    const uploads = [];
    for (const content of [randomBytes(5_000), randomBytes(7_000)]) {
      const { headers } = await client.create(content.length);
      const answer = await client.patch(headers.location ?? "", 0, content);
      expect(answer.status).toBe(204);
      uploads.push(String(answer.headers["strongroom-recording"]));
    }
    await client.create(10);
    await client.patch("/api/uploads/U-00000-00000", 0, Buffer.from("x"));
    const [sound = "", damaged = ""] = uploads;
    await sealRecording(system, { recordingId: sound });
    await world().storage.remove(`recordings/${damaged}`);
    await sealRecording(system, { recordingId: damaged });
    const found = await scrape();
    expect(found.get("strongroom_custody_pending_oldest_age_seconds")).toBeGreaterThanOrEqual(700);
    const expected = {
      strongroom_received_bytes_total: 12_000,
      strongroom_recordings_sealed_total: 1,
      strongroom_recordings_sealed_bytes_total: 5_000,
      strongroom_recordings_quarantined_total: 1,
      strongroom_upload_patches_active: 0,
      strongroom_uploads_open: 1,
      strongroom_upload_patch_duration_seconds_count: 3,
      'strongroom_http_problems_total{code="not_found"}': 1,
      'strongroom_http_requests_total{route="/api/uploads/{id}",method="PATCH",status="2xx"}': 2,
      'strongroom_http_requests_total{route="/api/uploads/{id}",method="PATCH",status="4xx"}': 1,
      strongroom_seal_queue_jobs: 0,
      strongroom_seal_queue_oldest_age_seconds: 0,
    };
    expect(Object.fromEntries(Object.keys(expected).map((name) => [name, found.get(name)]))).toEqual(expected);
    expect(found.get("strongroom_storage_sync_duration_seconds_count")).toBeGreaterThan(0);
    expect(found.get("strongroom_upload_commit_duration_seconds_count")).toBeGreaterThan(0);
    expect(found.get("strongroom_storage_free_bytes")).toBeGreaterThan(0);
    expect([...found.keys()].some((name) => name.startsWith("strongroom_build_info{"))).toBe(true);
  });

  test("count how often, and how long, a request waited for another writer", async () => {
    const device = await factories.makeDevice(world().db);
    const client = tusDevice(() => archive.url, device.token);
    const location = String((await client.create(2_000)).headers.location);
    const older = client.openPatch(location, 0, 2_000);
    older.request.on("error", () => undefined);
    older.request.write(randomBytes(1_000));
    const found = () => findUpload(world().db, location);
    await vi.waitFor(async () => expect((await found()).leaseUntil).not.toBeNull(), 5_000);
    const waits = async () => (await scrape()).get("strongroom_upload_lease_wait_seconds_count") ?? 0;
    const before = await waits();
    // What the older one brought moves the offset on, so the newer one is told where to go on.
    expect((await client.patch(location, 0, randomBytes(2_000))).status).toBe(409);
    expect((await older.answered).status).toBe(423);
    expect(await waits()).toBe(before + 1);
    older.request.destroy();
  });

  test("have no label that whoever asks could make up", async () => {
    await scrape();
    const before = await scrape();
    for (let n = 0; n < 30; n++) {
      const made = randomBytes(6).toString("hex");
      for (const path of [
        `/${made}`,
        `/api/${made}`,
        `/api/recordings/${made}`,
        `/_next/${made}`,
        `/a/${made}/${made}`,
      ])
        await archive.get(path, null);
      await archive.get("/api/uploads", null, {}, n % 2 === 0 ? "PROPFIND" : "GET");
    }
    const added = [...(await scrape()).keys()].filter((name) => !before.has(name));
    expect(added.filter((name) => name.includes("_bucket")).length / 9).toBeLessThan(10);
    for (const name of added) expect(name).not.toMatch(/[0-9a-f]{12}|PROPFIND/);
  });

  test("are for programs of this machine that come straight, and for nobody else", async () => {
    const { port } = new URL(archive.url);
    for (const headers of [
      { "X-Forwarded-For": "127.0.0.1" },
      { Forwarded: "for=127.0.0.1" },
      { Via: "1.1 proxy" },
      { Host: "archive.example.org" },
    ])
      expect((await archive.get("/api/metrics", null, headers)).status).toBe(404);
    expect((await archive.get("/api/metrics", null, { Host: `localhost:${port}` })).status).toBe(200);
    const admin = await factories.makeAdmin(world().db);
    expect((await archive.get("/api/metrics", admin, { Host: "archive.example.org" })).status).toBe(404);
    expect((await archive.get("/api/metrics", null, {}, "POST")).status).toBe(405);
  });

  test("are for who shows METRICS_TOKEN when it is set, from wherever", async () => {
    const token = "t".repeat(40);
    const closed = await startTestArchive(world(), { settings: { METRICS_TOKEN: token } });
    const ask = async (headers: Record<string, string>) => (await closed.get("/api/metrics", null, headers)).status;
    expect(await ask({})).toBe(401);
    expect(await ask({ Authorization: `Bearer ${"u".repeat(40)}` })).toBe(401);
    expect(await ask({ Authorization: "Bearer " })).toBe(401);
    const { token: ofDevice } = await factories.makeDevice(world().db);
    expect(await ask({ Authorization: `Bearer ${ofDevice}` })).toBe(401);
    expect(await ask({ Authorization: `Bearer ${token}`, "X-Forwarded-For": "192.0.2.7" })).toBe(200);
    await closed.stop(0);
  });
});
