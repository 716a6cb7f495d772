import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { factories, useTestDatabase } from "../lib/testing/index.ts";
import { findUpload } from "./testing/find-upload.ts";
import { type ApiServer, startApiServer } from "./testing/start-api-server.ts";
import { type Answer, ask, tusDevice } from "./testing/tus-client.ts";

describe("a server that is asked for too much", () => {
  const world = useTestDatabase();
  let server: ApiServer | undefined;
  const sockets: Socket[] = [];
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await server?.stop();
  });
  async function start(settings: Record<string, string>) {
    const { databaseUrl, dir: dataDir } = world();
    server = await startApiServer({ databaseUrl, dataDir, hasWorkers: false, settings });
    const { url } = server;
    const device = async () => tusDevice(() => url, (await factories.makeDevice(world().db)).token);
    return { url, device, port: Number(new URL(url).port) };
  }
  function expectLater(answer: Answer, status: number, code: string) {
    expect([answer.status, JSON.parse(answer.body || "{}").code ?? code]).toEqual([status, code]);
    expect(Number(answer.headers["retry-after"])).toBeGreaterThanOrEqual(1);
  }

  it("by one device lets it wait, and no other", async () => {
    const { device } = await start({ DEVICE_REQUESTS_PER_SECOND: "1" });
    const [one, other] = [await device(), await device()];
    const location = String((await one.create(10)).headers.location);
    const answers = await Promise.all(Array.from({ length: 30 }, () => one.create(10)));
    const refused = answers.filter((answer) => answer.status !== 201);
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(9);
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused) expectLater(answer, 429, "too_many_requests");
    // The answer to HEAD that every tus client waits out; at others some begin from zero.
    await vi.waitFor(async () => expectLater(await one.head(location), 423, "locked"), { interval: 0 });
    expect((await other.create(10)).status).toBe(201);
  });

  it("with unknown tokens answers that address no more, but for devices that are in", async () => {
    const { url, device } = await start({});
    const known = await device();
    const location = String((await known.create(10)).headers.location);
    const guess = () =>
      ask(`${url}/api/uploads`, { method: "POST", token: `srd_${randomBytes(32).toString("base64url")}` });
    const statuses = (await Promise.all(Array.from({ length: 160 }, guess))).map((answer) => answer.status);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    expect(statuses.filter((status) => status === 401).length).toBeGreaterThanOrEqual(100);
    expect((await known.head(location)).status).toBe(200);
    expect((await known.create(10)).status).toBe(201);
  });

  it("limits the bodies that a device sends at once", async () => {
    const { device } = await start({ DEVICE_TRANSFERS: "1" });
    const [one, other] = [await device(), await device()];
    const locations = [(await one.create(1_000)).headers.location, (await one.create(1_000)).headers.location];
    const first = one.openPatch(String(locations[0]), 0, 1_000);
    first.request.write(randomBytes(500));
    await vi.waitFor(async () =>
      expect((await findUpload(world().db, String(locations[0]))).leaseUntil).not.toBeNull(),
    );
    expectLater(await one.patch(String(locations[1]), 0, randomBytes(1_000)), 429, "too_many_requests");
    expect((await one.head(String(locations[1]))).status).toBe(200);
    expect((await other.create(10)).status).toBe(201);
    first.request.end(randomBytes(500));
    expect((await first.answered).status).toBe(204);
    expect((await one.patch(String(locations[1]), 0, randomBytes(1_000))).status).toBe(204);
  });

  it("takes more bodies at once than it has connections to the database, as none is held while bytes come", async () => {
    const { device } = await start({ DATABASE_POOL_SIZE: "2" });
    const client = await device();
    const patches = [];
    for (let at = 0; at < 6; at++) {
      const location = String((await client.create(2_000)).headers.location);
      const patch = client.openPatch(location, 0, 2_000);
      patch.request.write(randomBytes(1_000));
      await vi.waitFor(async () => expect((await findUpload(world().db, location)).leaseUntil).not.toBeNull(), 5_000);
      patches.push(patch);
    }
    expect((await client.create(10)).status).toBe(201);
    for (const { request } of patches) request.end(randomBytes(1_000));
    for (const { answered } of patches) expect((await answered).status).toBe(204);
  });

  it("answers connections above its limit, and health checks also then", async () => {
    const { url, port, device } = await start({ MAX_CONNECTIONS: "10" });
    const client = await device();
    for (let at = 0; at < 10; at++) {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => undefined);
      sockets.push(socket);
      await once(socket, "connect");
    }
    expectLater(await client.create(10), 503, "unavailable");
    expect((await ask(`${url}/api/health/live`, { method: "GET" })).status).toBe(200);
    sockets.pop()?.destroy();
    await vi.waitFor(async () => expect((await client.create(10)).status).toBe(201), 5_000);
  });

  it("limits each address, also behind a proxy", async () => {
    const { url, device } = await start({ MAX_CONNECTIONS_PER_ADDRESS: "2", TRUSTED_PROXIES: "1" });
    const client = await device();
    const from = (address: string) => ({ "X-Forwarded-For": address });
    const patches = await Promise.all(
      [1, 2].map(async () => {
        const path = new URL(String((await client.create(1_000)).headers.location), url).pathname;
        const patch = client.openPatch(path, 0, 1_000, from("198.51.100.7"));
        patch.request.write(randomBytes(10));
        await vi.waitFor(async () => expect((await findUpload(world().db, path)).leaseUntil).not.toBeNull());
        return patch;
      }),
    );
    expectLater(await client.create(10, {}, from("198.51.100.7")), 429, "too_many_requests");
    expect((await client.create(10, {}, from("203.0.113.9"))).status).toBe(201);
    for (const { request, answered } of patches) {
      request.end(randomBytes(990));
      expect((await answered).status).toBe(204);
    }
    expect((await client.create(10, {}, from("198.51.100.7"))).status).toBe(201);
  });
});
