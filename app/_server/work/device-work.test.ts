import { describe, expect, test } from "vitest";
import { receiveHeartbeat } from "@/lib/fleet/index.ts";
import { factories, useTestDatabase } from "@/lib/testing/index.ts";
import { deviceWork } from "./devices";

const hourMs = 3_600_000;

describe("devices that need somebody, on Home", () => {
  const world = useTestDatabase();

  async function contextAt(make: "makeAdmin" | "makeOfficer", at?: Date) {
    const actor = await factories[make](world().db);
    return { ...world().context(actor, at === undefined ? {} : { clock: { now: () => at } }), actor };
  }

  test("one that is silent for longer than its policy says, until it speaks again; custody is told nothing", async () => {
    const { db } = world();
    const device = await factories.makeDevice(db);
    const ctx = await contextAt("makeOfficer");
    const now = ctx.clock.now();
    const speak = (at: Date) =>
      receiveHeartbeat(
        world().context({ kind: "device", deviceId: device.id, name: device.name }, { clock: { now: () => at } }),
        {
          version: 1,
          instance: { bootId: "b", process: "p" },
          uploader: { version: "0.1.0", runtime: "node", platform: "linux" },
        },
      );
    await speak(new Date(now.getTime() - 3 * hourMs));
    const before = await db.custodyEvent.count();
    const [item, ...others] = await deviceWork(ctx);
    expect(others).toEqual([]);
    expect(item).toMatchObject({ title: device.name, verb: "Check", href: `/devices/${device.id}` });
    expect(item?.look).toMatchObject({ label: "Silent", tone: "bad" });
    expect(item?.text).toContain("Silent for 3 h; its policy says 1 h.");
    expect(await db.custodyEvent.count()).toBe(before);
    await speak(now);
    expect(await deviceWork(ctx)).toEqual([]);
  });

  test("one that waits to be let in is shown to those who may, and one without heartbeats after a day", async () => {
    const { db } = world();
    const waiting = await factories.makeDevice(db);
    await db.device.update({ where: { id: waiting.id }, data: { state: "pending" } });
    const plain = await factories.makeDevice(db);
    const admin = await contextAt("makeAdmin");
    const heardAt = (hours: number) =>
      db.device.update({
        where: { id: plain.id },
        data: { lastSeenAt: new Date(admin.clock.now().getTime() - hours * hourMs) },
      });
    await heardAt(23);
    expect((await deviceWork(admin)).map(({ title, verb }) => [title, verb])).toEqual([[waiting.name, "Look"]]);
    expect(await deviceWork(await contextAt("makeOfficer"))).toEqual([]);
    await heardAt(25);
    expect((await deviceWork(await contextAt("makeOfficer"))).map(({ title }) => title)).toEqual([plain.name]);
  });
});
