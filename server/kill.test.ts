import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { recordingKey } from "../lib/recordings/index.ts";
import { factories, useTestDatabase } from "../lib/testing/index.ts";
import { findUpload } from "./testing/find-upload.ts";
import { type ApiServer, startApiServer } from "./testing/start-api-server.ts";
import { tusDevice } from "./testing/tus-client.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Numbers from 0 to 1 that are the same in every run: a failure can be repeated. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("a server that is killed", () => {
  const world = useTestDatabase();
  const running: ApiServer[] = [];
  // Short leases: after a kill the next PATCH waits for the dead server's to run out.
  const timing = { leaseMs: 800, renewMs: 200, checkpointMs: 50 };

  async function start(hasWorkers = false): Promise<ApiServer> {
    const server = await startApiServer({ databaseUrl: world().databaseUrl, dataDir: world().dir, timing, hasWorkers });
    running.push(server);
    return server;
  }
  afterEach(async () => {
    for (const server of running.splice(0)) await server.kill();
  });

  async function digestInStorage(recordingId: string): Promise<string> {
    const hash = createHash("sha256");
    for await (const bytes of createReadStream(join(world().dir, "storage", recordingKey(recordingId))))
      hash.update(bytes);
    return hash.digest("hex");
  }

  const uploadAt = (location: string) => findUpload(world().db, location);

  it("50 times during a PATCH loses no acknowledged byte, and the file is right in the end", {
    timeout: 600_000,
  }, async () => {
    const random = seeded(20_261_120);
    const file = randomBytes(60_000_000);
    const device = await factories.makeDevice(world().db);
    let server = await start();
    const client = tusDevice(() => server.url, device.token);
    const metadata = { filename: "long.mp4", sha256: sha256(file), chunk_size: "400000" };
    const location = String((await client.create(file.length, metadata)).headers.location);
    let acknowledged = 0;
    let killedWriting = 0;
    const offsetNow = async () => Number((await client.head(location)).headers["upload-offset"]);

    for (let kills = 0; kills < 50; kills++) {
      const start0 = await offsetNow();
      expect(start0).toBeGreaterThanOrEqual(acknowledged);
      acknowledged = start0;
      const end = Math.min(file.length - 1_000_000, start0 + 1_200_000);
      const { fence } = await uploadAt(location);
      const { request, answered } = client.openPatch(location, start0, end - start0);
      const ended = answered.then(
        (answer) => answer.status,
        () => 0,
      );
      const killAt = start0 + 450_000 + Math.floor(random() * (end - start0 - 450_000));
      // Pieces with pauses, so that some kills fall between a write, a sync, a commit and an answer.
      for (let at = start0; at < end && at <= killAt; ) {
        const size = 1 + Math.floor(random() * 150_000);
        request.write(file.subarray(at, Math.min(end, at + size)));
        at += size;
        if (random() < 0.5) await sleep(random() * 15);
      }
      // Some kills fall between lease and first byte, most on a writer that has committed something.
      const waitsForBytes = random() < 0.7;
      for (let isInside = false; !isInside; await sleep(3)) {
        const now = await uploadAt(location);
        isInside = waitsForBytes ? Number(now.offsetBytes) > start0 : now.fence > fence;
      }
      const watched = await Promise.race([ended, sleep(random() * 30)]);
      if (watched === 204) acknowledged = end;
      // What HEAD says is acknowledged too, at the very moment of the kill.
      const seen = random() < 0.5 ? offsetNow().catch(() => 0) : Promise.resolve(0);
      await Promise.race([seen, sleep(random() * 10)]);
      await server.kill();
      if ((await uploadAt(location)).leaseUntil !== null) killedWriting += 1;
      if ((await ended) === 204) acknowledged = Math.max(acknowledged, end);
      acknowledged = Math.max(acknowledged, await seen);
      server = await start();
    }
    let offset = await offsetNow();
    expect(offset).toBeGreaterThanOrEqual(acknowledged);
    await sleep(timing.leaseMs);
    while (offset < file.length) {
      const answer = await client.patch(location, offset, file.subarray(offset, offset + 16_000_000));
      expect(answer.status).toBe(204);
      offset = Number(answer.headers["upload-offset"]);
    }
    const upload = await findUpload(world().db, location);
    expect(await digestInStorage(upload.recordingId)).toBe(sha256(file));
    await server.stop();
    await start(true);
    await vi.waitFor(
      async () => {
        const { state } = await world().db.recording.findUniqueOrThrow({ where: { id: upload.recordingId } });
        expect(state).toBe("sealed");
      },
      { timeout: 20_000, interval: 200 },
    );
    expect(killedWriting).toBeGreaterThan(25);
  });

  it("while it reads a recording back seals it after the restart, once", { timeout: 120_000 }, async () => {
    const file = randomBytes(48_000_000);
    const device = await factories.makeDevice(world().db);
    let server = await start(true);
    const client = tusDevice(() => server.url, device.token);
    const created = await client.create(file.length, { sha256: sha256(file) });
    const recordingId = String(created.headers["strongroom-recording"]);
    expect((await client.patch(String(created.headers.location), 0, file)).status).toBe(204);
    await sleep(15); // the job has begun
    await server.kill();
    const { state } = await world().db.recording.findUniqueOrThrow({ where: { id: recordingId } });
    expect(state).toBe("received");
    server = await start(true);
    await vi.waitFor(
      async () => {
        const row = await world().db.recording.findUniqueOrThrow({ where: { id: recordingId } });
        expect(row.state).toBe("sealed");
      },
      { timeout: 40_000, interval: 250 },
    );
    await sleep(1_000);
    const events = await world().db.custodyEvent.findMany({ where: { recordingId }, orderBy: { seq: "asc" } });
    expect(events.map((event) => event.action)).toEqual(["upload.started", "recording.received", "recording.sealed"]);
  });

  it("politely ends a running PATCH at a durable offset first", async () => {
    const device = await factories.makeDevice(world().db);
    const server = await start();
    const client = tusDevice(() => server.url, device.token);
    const location = String((await client.create(10_000_000)).headers.location);
    const { request, answered } = client.openPatch(location, 0, 10_000_000);
    request.on("error", () => undefined);
    request.write(randomBytes(3_000_000));
    await sleep(500);
    await server.stop();
    expect(server.process.exitCode).toBe(0);
    const answer = await answered;
    expect([answer.status, answer.headers["upload-offset"]]).toEqual([204, "3000000"]);
    const { offsetBytes } = await world().db.upload.findUniqueOrThrow({
      where: { id: location.split("/").at(-1) ?? "" },
    });
    expect(offsetBytes).toBe(3_000_000n);
  });
});
