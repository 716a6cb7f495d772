import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { provideServices, type Services } from "@/lib/services.ts";
import { factories, useTestDatabase } from "@/lib/testing/index.ts";
import { makeSessionCookie } from "@/server/session.ts";
import { POST } from "./route";

describe("opening a recording over HTTP", () => {
  const world = useTestDatabase();
  let services: Services;

  beforeAll(() => {
    const { db, context, clock, storage } = world();
    const { log, jobs } = context();
    const env = { publicUrl: "http://archive.example", authSecret: "0".repeat(32) };
    services = { env, db, storage, clock, log, jobs } as unknown as Services; // what this route uses of it
    provideServices(services);
  });
  afterAll(() => provideServices(undefined));

  test("a purpose is what somebody wrote, and nothing that only reads like text", async () => {
    const { accountId } = await factories.makeOfficer(world().db);
    const { id } = await factories.makeRecording(world().db);
    const { name, value } = await makeSessionCookie(services, { accountId, sessionEpoch: 1 });
    const open = (body: unknown) =>
      POST(
        new Request(`http://archive.example/api/recordings/${id}/grants`, {
          method: "POST",
          headers: { "Content-Type": "application/json", Cookie: `${name}=${value}` },
          body: JSON.stringify(body),
        }),
        { params: Promise.resolve({ id }) },
      );
    for (const purpose of [undefined, null, { a: 1 }, ["Q-1"], 12345, "  ", "ab"])
      expect((await open({ purpose })).status).toBe(400);
    expect(await world().db.accessGrant.count({ where: { recordingId: id } })).toBe(0);
    expect((await open({ purpose: "Request Q-1" })).status).toBe(201);
  });
});
