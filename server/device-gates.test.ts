import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { provideServices } from "../lib/services.ts";
import { factories, useTestDatabase } from "../lib/testing/index.ts";
import { startTestArchive, type TestArchive } from "./testing/test-archive.ts";
import { ask } from "./testing/tus-client.ts";
import { readWebRoutes, serveWebRoutes } from "./testing/web-routes.ts";

describe("what limits a device", () => {
  const world = useTestDatabase();
  let archive: TestArchive;
  beforeAll(async () => {
    const next = serveWebRoutes(await readWebRoutes());
    archive = await startTestArchive(world(), { next, settings: { DEVICE_REQUESTS_PER_SECOND: "1" } });
    provideServices(archive.services);
  });
  afterAll(async () => {
    provideServices(undefined);
    await archive.stop(0);
  });

  test("a device that asks for what is not its own cannot fill custody with refusals", async () => {
    const [device, other] = [await factories.makeDevice(world().db), await factories.makeDevice(world().db)];
    const people = (token: string) => ask(`${archive.url}/api/people`, { method: "GET", token });
    const answers = await Promise.all(Array.from({ length: 40 }, () => people(device.token)));
    const refused = answers.filter(({ status }) => status === 403).length;
    expect(answers.filter(({ status }) => status === 429).length).toBe(40 - refused);
    expect(refused).toBeLessThan(40);
    const where = { action: "access.refused", actorId: device.id };
    expect(await world().db.custodyEvent.count({ where })).toBe(refused);
    expect((await people(other.token)).status).toBe(403);
  });
});
