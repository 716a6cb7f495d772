import { describe, expect, test } from "vitest";
import { expectCustodyEvent, factories, useTestDatabase } from "../testing/index.ts";
import { dismissClone, getDevice, listDevicesById, noteInstance } from "./index.ts";

describe("starts of one device's uploader", () => {
  const world = useTestDatabase();
  const minuteMs = 60_000;
  const admin = async () => world().context(await factories.makeAdmin(world().db));

  async function makeScene() {
    const { db, clock } = world();
    const { id } = await factories.makeDevice(db);
    return {
      id,
      /** A start speaks, a minute after the one before unless said otherwise. */
      async say(process: string, afterMs = minuteMs) {
        clock.advance(afterMs);
        await db.$transaction((tx) => noteInstance(world().context(), tx, id, { bootId: "b", process }));
      },
      suspected: async () => (await db.device.findUniqueOrThrow({ where: { id } })).cloneSuspectedAt,
      alarms: () => db.custodyEvent.count({ where: { deviceId: id, action: "device.clone_suspected" } }),
    };
  }

  test("any number of starts one after the other is nothing", async () => {
    const { say, suspected, id } = await makeScene();
    for (let start = 0; start < 60; start++) for (let times = 0; times < 2; times++) await say(`start ${start}`);
    expect(await suspected()).toBeNull();
    expect(await world().db.deviceInstance.count({ where: { deviceId: id } })).toBeLessThanOrEqual(51);
  });

  test("two that take turns are an alarm, once, until others do", async () => {
    const { db } = world();
    const { id, say, suspected, alarms } = await makeScene();
    await say("A");
    await say("B");
    expect(await alarms()).toBe(0);
    await say("A");
    await expectCustodyEvent(db, { action: "device.clone_suspected", deviceId: id });
    const since = await suspected();
    expect(since).toEqual(world().clock.now());
    for (const process of ["B", "A", "B"]) await say(process);
    expect(await alarms()).toBe(1);
    expect(await suspected()).toEqual(since);
    expect((await listDevicesById(await admin(), [id]))[0]?.cloneSuspectedAt).toEqual(since);

    const ctx = await admin();
    await expect(dismissClone(ctx, { deviceId: id, reason: " " })).rejects.toMatchObject({ field: "reason" });
    const officer = world().context(await factories.makeOfficer(db));
    await expect(dismissClone(officer, { deviceId: id, reason: "x" })).rejects.toMatchObject({ code: "forbidden" });
    await dismissClone(ctx, { deviceId: id, reason: "The spare card was tried out." });
    await expectCustodyEvent(db, {
      action: "device.clone_dismissed",
      deviceId: id,
      details: { reason: "The spare card was tried out." },
    });
    expect((await getDevice(ctx, id)).can.dismissClone).toContain("suspected");
    await expect(dismissClone(ctx, { deviceId: id, reason: "x" })).rejects.toMatchObject({ code: "state_conflict" });
    await say("A");
    expect(await suspected()).toBeNull();
    // Started anew, the other machine is seen again.
    await say("C");
    await say("A");
    expect(await suspected()).not.toBeNull();
    expect(await alarms()).toBe(2);
  });

  test("what was on its way while the uploader was started anew is no alarm", async () => {
    const { say, suspected } = await makeScene();
    await say("A");
    await say("B");
    await say("A", 5_000);
    await say("B");
    expect(await suspected()).toBeNull();
  });

  test("who makes up starts without end tells custody so twenty times a day", async () => {
    const { say, alarms, suspected } = await makeScene();
    for (let start = 0; start < 8; start++) await say(`start ${start}`);
    for (let one = 0; one < 8; one++)
      for (let other = 0; other < one; other++) for (const start of [one, other]) await say(`start ${start}`);
    expect(await alarms()).toBe(20);
    expect(await suspected()).not.toBeNull();
  });

  test("two that speak at the same moment make one alarm", async () => {
    const { db, clock } = world();
    const { id, say, alarms } = await makeScene();
    await say("A");
    await say("B");
    clock.advance(minuteMs);
    const both = ["A", "B", "A", "B"].map((process) =>
      db.$transaction((tx) => noteInstance(world().context(), tx, id, { bootId: "b", process })),
    );
    await Promise.all(both);
    expect(await alarms()).toBeLessThanOrEqual(1);
    await say("B");
    await say("A");
    expect(await alarms()).toBe(1);
  });
});
