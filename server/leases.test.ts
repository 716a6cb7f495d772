import { createHash, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { expectCustodyEvent, factories, useTestDatabase } from "../lib/testing/index.ts";
import { runLeaseRounds } from "./testing/lease-rounds.ts";
import { type ApiServer, startApiServer } from "./testing/start-api-server.ts";
import { measureTakeOver } from "./testing/take-over-times.ts";
import { tusDevice } from "./testing/tus-client.ts";

describe("two server processes on one archive", () => {
  const world = useTestDatabase();
  let servers: ApiServer[] = [];
  let token = "";

  // A lease that is not handed over is not free before the test fails, and nobody looks for himself.
  const timing = { leaseMs: 60_000, renewMs: 20_000, lookMs: 20_000, busyWaitMs: 20_000, headWaitMs: 20_000 };

  beforeAll(async () => {
    const settings = { databaseUrl: world().databaseUrl, dataDir: world().dir, hasWorkers: false, timing };
    servers = await Promise.all([startApiServer(settings), startApiServer(settings)]);
    ({ token } = await factories.makeDevice(world().db));
  });
  afterAll(async () => {
    for (const server of servers) await server.stop();
  });

  const clientOf = (index: number) => tusDevice(() => servers[index]?.url ?? "", token);
  const uploadAt = (path: string) =>
    world().db.upload.findUniqueOrThrow({ where: { id: path.split("/").at(-1) ?? "" } });

  /** A PATCH that has brought some bytes and stays open. */
  async function openWriter(file: Buffer, sentBytes: number, metadata = {}, headers = {}) {
    const client = clientOf(0);
    const created = await client.create(file.length, { chunk_size: "400000", ...metadata });
    const path = new URL(String(created.headers.location)).pathname;
    const { request, answered } = client.openPatch(path, 0, file.length, headers);
    request.on("error", () => undefined);
    request.write(file.subarray(0, sentBytes));
    await vi.waitFor(async () => expect((await uploadAt(path)).leaseUntil).not.toBeNull(), 5_000);
    const recordingId = String(created.headers["strongroom-recording"]);
    return { path, request, answered, recordingId };
  }

  it.each([
    ["the same process", 0],
    ["another process", 1],
  ])("a newer PATCH in %s ends a writer that is receiving, and all it brought is kept", async (_where, other) => {
    const file = randomBytes(2_000_000);
    const { path, request, answered, recordingId } = await openWriter(file, 1_000_000);
    const sending = setInterval(() => request.write(Buffer.alloc(1)), 20);
    await vi.waitFor(async () => expect((await uploadAt(path)).offsetBytes).toBe(800_000n), 5_000);
    const newer = await clientOf(other).patch(path, 800_000, file.subarray(800_000));
    clearInterval(sending);
    const older = await answered;
    expect([older.status, JSON.parse(older.body).code]).toEqual([423, "locked"]);
    expect(Number(older.headers["retry-after"])).toBeGreaterThanOrEqual(1);
    const { offsetBytes } = await uploadAt(path);
    expect(offsetBytes).toBeGreaterThanOrEqual(1_000_000n);
    expect(older.headers["upload-offset"]).toBe(String(offsetBytes));
    // What the older one brought moved the offset on: the newer one is told where to go on, and nobody is in its way.
    expect([newer.status, newer.headers["upload-offset"]]).toEqual([409, String(offsetBytes)]);
    expect((await clientOf(other).patch(path, Number(offsetBytes), file.subarray(Number(offsetBytes)))).status).toBe(
      204,
    );
    await expectCustodyEvent(world().db, {
      action: "upload.interrupted",
      outcome: "failed",
      recordingId,
      details: { uploadId: path.split("/").at(-1) ?? "", offsetBytes: Number(offsetBytes), reason: "given_way" },
    });
    request.destroy();
  });

  it.each([
    ["the same process", 0],
    ["another process", 1],
  ])(
    "HEAD in %s lets a half-open client's bytes be promised, so that the next PATCH just goes on",
    async (_w, other) => {
      const file = randomBytes(900_000);
      const { path, request } = await openWriter(file, 500_000);
      await sleep(600); // silent by now, and nothing ends its connection
      expect((await clientOf(other).head(path)).headers["upload-offset"]).toBe("500000");
      expect((await clientOf(other).patch(path, 500_000, file.subarray(500_000))).status).toBe(204);
      request.destroy();
    },
  );

  it("HEAD does not disturb a writer that is receiving", async () => {
    const file = randomBytes(900_000);
    const { path, request, answered } = await openWriter(file, 450_000);
    await vi.waitFor(async () => expect((await uploadAt(path)).offsetBytes).toBe(400_000n), 5_000);
    request.write(file.subarray(450_000, 460_000));
    await sleep(20);
    expect((await clientOf(0).head(path)).headers["upload-offset"]).toBe("400000");
    expect((await clientOf(1).head(path)).headers["upload-offset"]).toBe("400000");
    request.end(file.subarray(460_000));
    expect((await answered).status).toBe(204);
  });

  it.each([
    ["the same process", 0],
    ["another process", 1],
  ])("DELETE in %s ends a writer too", async (_where, other) => {
    const file = randomBytes(900_000);
    const { path, answered } = await openWriter(file, 500_000);
    expect((await clientOf(other).remove(path)).status).toBe(204);
    expect((await answered).status).toBe(423);
    expect((await clientOf(0).head(path)).status).toBe(410);
  });

  it("are quick about it, in one process and between two", async () => {
    const urls = servers.map((server) => server.url);
    for (const other of [0, 1]) {
      const pair = [urls[0] ?? "", urls[other] ?? ""] as const;
      const kinds = await measureTakeOver({ urls: pair, token, rounds: 1 });
      // No figure of speed: nobody in these servers looks for himself before twenty seconds are over.
      for (const { kind, ms } of kinds) expect(ms[0], kind).toBeLessThan(15_000);
    }
  });

  it("a body that is kept whole or not at all is not lost to a newer one while it is coming", async () => {
    const file = randomBytes(600_000);
    const digest = createHash("sha256").update(file).digest("base64");
    const { path, request, answered } = await openWriter(file, 300_000, {}, { "Upload-Checksum": `sha256 ${digest}` });
    const newer = clientOf(1).patch(path, 0, randomBytes(600_000));
    for (let at = 300_000; at < 600_000; at += 30_000) {
      await sleep(50);
      request.write(file.subarray(at, at + 30_000));
    }
    request.end();
    expect((await answered).status).toBe(204);
    expect((await newer).status).toBe(409);
  });

  it("never let two of two clients win one offset", { timeout: 120_000 }, async () => {
    const [one, two] = servers;
    if (one === undefined || two === undefined) throw new Error("two servers run");
    const { db, dir: dataDir } = world();
    const report = await runLeaseRounds({ urls: [one.url, two.url], token, db, dataDir, rounds: 40, seed: 7 });
    expect(report.faults).toEqual([]);
    expect(report.won).toBeGreaterThanOrEqual(40);
    expect(report.takenOver).toBeGreaterThan(0);
  });
});
