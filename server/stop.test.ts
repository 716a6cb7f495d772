import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import pg from "pg";
import { afterEach, describe, expect, it, vi } from "vitest";
import { openFlakyLink } from "../e2e/support/proxy.ts";
import { factories, useTestDatabase } from "../lib/testing/index.ts";
import { SpawnedUploader } from "../uploader/testing/spawned-uploader.ts";
import { findUpload } from "./testing/find-upload.ts";
import { type ApiServer, startApiServer } from "./testing/start-api-server.ts";
import { ask, tusDevice } from "./testing/tus-client.ts";

const root = join(import.meta.dirname, "..");

describe("a server that is asked to stop", () => {
  const world = useTestDatabase();
  const running: ApiServer[] = [];
  afterEach(async () => {
    for (const server of running.splice(0)) await server.kill();
  });
  async function start(settings: Record<string, string> = {}, hasWorkers = false): Promise<ApiServer> {
    const { databaseUrl, dir: dataDir } = world();
    const server = await startApiServer({ databaseUrl, dataDir, hasWorkers, settings });
    running.push(server);
    return server;
  }

  it("hands a running upload to another one, and next to nothing is sent twice", { timeout: 60_000 }, async () => {
    const sizeBytes = 12_000_000;
    const bundle = join(world().dir, "strongroom-uploader.mjs");
    execFileSync(process.execPath, [join(root, "uploader/build.mjs"), bundle]);
    const file = join(world().dir, "long.mp4");
    writeFileSync(file, randomBytes(sizeBytes));
    const { id: deviceId, token } = await factories.makeDevice(world().db);
    const [one, two] = [await start({}, true), await start({}, true)];
    const portOf = (server: ApiServer) => Number(new URL(server.url).port);
    const link = await openFlakyLink({ target: { port: portOf(one) }, uploadBytesPerSecond: 4_000_000 });
    const uploader = new SpawnedUploader(
      bundle,
      ["push", file, "--settle", "0", "--chunk-size", "64000000", "--no-wait"],
      {
        STRONGROOM_SERVER: link.url,
        STRONGROOM_TOKEN: token,
        STRONGROOM_STATE_DIR: join(world().dir, "uploader-state"),
      },
    );
    await vi.waitFor(() => expect(link.bytesUp()).toBeGreaterThan(4_000_000), 20_000);
    link.retarget(portOf(two));
    const ended = once(one.process, "exit");
    one.process.kill("SIGTERM");
    expect((await ended)[0]).toBe(0);
    const { code, events } = await uploader.ended;
    expect(code).toBe(0);
    expect(events.at(-1)).toMatchObject({ event: "done" });
    // Socket buffers of one connection may be lost on the way, and no more.
    expect(link.bytesUp()).toBeLessThan(sizeBytes + 6_000_000);
    const [upload] = await world().db.upload.findMany({ where: { deviceId } });
    expect(upload?.offsetBytes).toBe(BigInt(sizeBytes));
    await link.close();
  });

  it("says so to whoever comes, and is gone in time also when clients hang", { timeout: 30_000 }, async () => {
    const { token } = await factories.makeDevice(world().db);
    const server = await start({ STOP_GRACE_SECONDS: "3" });
    const client = tusDevice(() => server.url, token);
    const location = String((await client.create(1_000_000)).headers.location);
    const { request, answered } = client.openPatch(location, 0, 1_000_000);
    request.on("error", () => undefined);
    request.write(randomBytes(300_000));
    // One that never ends its request, and one that never begins it.
    const hanging = ["POST /api/nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", "GET / HT"].map((text) => {
      const socket = connect(Number(new URL(server.url).port), "127.0.0.1", () => socket.write(text));
      return socket.on("error", () => undefined);
    });
    await vi.waitFor(async () => expect((await findUpload(world().db, location)).leaseUntil).not.toBeNull(), 5_000);
    const ended = once(server.process, "exit");
    server.process.kill("SIGTERM");
    const answer = await answered;
    expect(answer.status).toBe(204);
    const { offsetBytes } = await findUpload(world().db, location);
    expect(answer.headers["upload-offset"]).toBe(String(offsetBytes));
    expect((await ended)[0]).toBe(0);
    for (const socket of hanging) socket.destroy();
  });

  it("is gone in time also when the database does not answer, and answers 503 meanwhile", {
    timeout: 30_000,
  }, async () => {
    const { token } = await factories.makeDevice(world().db);
    const server = await start({ STOP_GRACE_SECONDS: "6" });
    const client = tusDevice(() => server.url, token);
    const location = String((await client.create(1_000_000)).headers.location);
    const { request, answered } = client.openPatch(location, 0, 1_000_000);
    request.on("error", () => undefined);
    answered.catch(() => undefined);
    request.write(randomBytes(300_000));
    await vi.waitFor(async () => expect((await findUpload(world().db, location)).leaseUntil).not.toBeNull(), 5_000);
    const blocker = new pg.Client({ connectionString: world().databaseUrl });
    await blocker.connect();
    await blocker.query("BEGIN; LOCK TABLE upload IN ACCESS EXCLUSIVE MODE");
    const ended = once(server.process, "exit");
    server.process.kill("SIGTERM");
    await vi.waitFor(async () => {
      const late = await ask(`${server.url}/api/uploads`, { method: "OPTIONS" });
      expect(late.status).toBe(503);
      expect(Number(late.headers["retry-after"])).toBeGreaterThan(0);
    }, 2_500);
    expect((await ended)[0]).toBe(0);
    await blocker.end();
  });
});
