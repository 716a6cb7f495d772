import { beforeAll, describe, expect, test } from "vitest";
import { factories, useTestDatabase } from "../testing/index.ts";
import { fleetParts, fleetSortKeys, listFleetPage, receiveHeartbeat } from "./index.ts";

const hourMs = 3_600_000;
const GB = 1e9;

describe("the fleet, page by page", () => {
  const world = useTestDatabase();
  let siteId = "";
  let recordingId = "";

  async function device(name: string, over: object = {}, says: object | null = null, heardMs = 0) {
    const { db, context } = world();
    const made = await factories.makeDevice(db, { name });
    await db.device.update({ where: { id: made.id }, data: over });
    if (says === null) return made.id;
    const at = new Date(context().clock.now().getTime() - heardMs);
    await receiveHeartbeat(context({ kind: "device", deviceId: made.id, name }, { clock: { now: () => at } }), {
      version: 1,
      instance: { bootId: "b", process: name },
      uploader: { version: "0.9.0", runtime: "node", platform: "linux" },
      ...says,
    });
    return made.id;
  }

  const queue = (files: number, bytes: number) => ({
    queue: { files, bytes, events: 0, oldestAt: null, oldestAgeMs: 1000 },
  });
  const full = { disk: { totalBytes: 100 * GB, freeBytes: GB, unreceiptedBytes: 0 } };
  const page = (filter: Parameters<typeof listFleetPage>[1], cursor: string | null = null, limit = 50) =>
    listFleetPage(world().context(), filter, cursor, limit);
  const names = ({ rows }: { rows: { name: string }[] }) => rows.map(({ name }) => name).join(", ");

  beforeAll(async () => {
    siteId = (await factories.makeSite(world().db, { name: "Dépôt Nord" })).id;
    await device("Van 12", { siteId }, { ...queue(2, 5 * GB), clock: { source: "ntp", offsetMs: -9 } });
    await device("Van 9", { siteId }, { ...queue(1, 7 * GB), clock: { source: "ntp", offsetMs: 4 } });
    await device("van 100", {}, queue(0, 0));
    await device("Quiet", {}, queue(1, GB), 3 * hourMs);
    await device("Filled", {}, { ...full, ...queue(0, 0) });
    await device(
      "Waits",
      { alias: "TCL204" },
      { waiting: { reason: "metered", detail: "wwan0 costs money.", untilMs: null } },
    );
    await device("Plain", { lastSeenAt: world().context().clock.now() });
    await device("Fresh");
    await device("New", { state: "pending" });
    await device("Stopped", { state: "suspended" });
    await device("Gone", { state: "revoked" });
    recordingId = (await factories.makeRecording(world().db, { deviceId: await device("Filmed") })).id;
  });

  test("each part holds who belongs there, and the counts of all stand beside", async () => {
    const { counts } = await page({});
    for (const part of fleetParts) {
      const found = await page({ part });
      expect([part, found.total, found.counts]).toEqual([part, counts[part], counts]);
    }
    expect(names(await page({ part: "sending" }))).toBe("Van 9, Van 12");
    expect(names(await page({ part: "idle" }))).toBe("van 100");
    expect(names(await page({ part: "waiting" }))).toBe("Waits");
    expect(names(await page({ part: "silent" }))).toBe("Quiet");
    expect(names(await page({ part: "trouble" }))).toBe("Filled");
    expect(names(await page({ part: "uploads_only" }))).toBe("Plain");
    expect(names(await page({ part: "never_seen" }))).toBe("Filmed, Fresh");
    expect(names(await page({ part: "revoked" }))).toBe("Gone");
    expect(names(await page({ part: "attention" }))).toBe("Filled, New, Quiet");
    expect(counts).toMatchObject({ all: 11, pending: 1, suspended: 1 });
  });

  test("is narrowed by site, policy and what a device is called, with the counts of what is left", async () => {
    expect(names(await page({ siteId }))).toBe("Van 9, Van 12");
    expect(names(await page({ siteId: "none", text: "VAN" }))).toBe("van 100");
    expect(names(await page({ text: "depot" }))).toBe("Van 9, Van 12");
    expect(names(await page({ text: "tcl" }))).toBe("Waits");
    const narrowed = await page({ text: "van 1" });
    expect(names(narrowed)).toBe("Van 12, van 100");
    expect(narrowed.counts).toMatchObject({ all: 2, sending: 1, idle: 1, silent: 0 });
    const policyId = (await page({})).rows[0]?.policy.id ?? "";
    expect((await page({ policyId })).total).toBe(11);
    expect((await page({ policyId: "F-none" })).total).toBe(0);
  });

  test("sorts as people do, and what was not reported stands last in either direction", async () => {
    expect(names(await page({ part: "sending", sort: { key: "name", isDescending: true } }))).toBe("Van 12, Van 9");
    const queues = await page({ sort: { key: "queue", isDescending: true } });
    expect(names(queues)).toMatch(/^Van 9, Van 12, Quiet, Filled, van 100, /);
    const shortest = await page({ sort: { key: "queue", isDescending: false } });
    expect(names(shortest)).toMatch(/^Filled, van 100, Quiet, Van 12, Van 9, /);
    expect(names(await page({ sort: { key: "clock", isDescending: true } }))).toMatch(/^Van 12, Van 9, /);
    expect(names(await page({ sort: { key: "state", isDescending: false } }))).toMatch(/^Quiet, Filled, New, Waits, /);
    const newest = await page({ sort: { key: "recording", isDescending: true } });
    expect(newest.rows[0]).toMatchObject({ name: "Filmed", lastRecording: { id: recordingId } });
  });

  test.each(fleetSortKeys)("goes on behind its last row and back, sorted by %s either way", async (key) => {
    for (const isDescending of [false, true]) {
      const sort = { key, isDescending };
      const whole = names(await page({ sort }));
      const first = await page({ sort }, null, 4);
      const second = await page({ sort }, first.nextCursor, 4);
      const third = await page({ sort }, second.nextCursor, 4);
      expect([first, second, third].map(names).join(", ")).toBe(whole);
      expect([first.previousCursor, third.nextCursor]).toEqual([null, null]);
      expect(names(await page({ sort }, third.previousCursor, 4))).toBe(names(second));
      expect(names(await page({ sort }, second.previousCursor, 4))).toBe(names(first));
    }
  });

  test("is refused for who may not list devices, and says what it does not understand", async () => {
    const requester = await factories.makeRequester(world().db);
    await expect(listFleetPage(world().context(requester))).rejects.toMatchObject({ code: "forbidden" });
    await expect(page({}, "nonsense")).rejects.toMatchObject({ code: "invalid_input", field: "cursor" });
    await expect(page({ part: "purple" as "all" })).rejects.toMatchObject({ code: "invalid_input", field: "part" });
  });
});

describe("the fleet under strange names", () => {
  const world = useTestDatabase();

  test("is paged through whole, also when the last row of a page is renamed or goes, and no made-up cursor breaks it", async () => {
    const { db, context } = world();
    const wide = "\u{fdfa}"; // one letter that is eighteen when it is folded
    const strange = ["😀".repeat(70), `${"a".repeat(59)}${"😀".repeat(20)}`, wide.repeat(40), `${wide.repeat(39)}b`];
    for (const name of [...strange, "Van 1", "VAN 01"]) await factories.makeDevice(db, { name });
    const page = (cursor: string | null, limit = 1) => listFleetPage(context(), {}, cursor, limit);
    const all = (await page(null, 50)).rows.map(({ id }) => id);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const { rows, nextCursor } = await page(cursor);
      seen.push(...rows.map(({ id }) => id));
      cursor = nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual(all);
    expect(new Set(seen).size).toBe(6);

    const first = await page(null, 2);
    const [, second = "", third] = all;
    await db.device.update({ where: { id: second }, data: { state: "revoked", name: "Zebra" } });
    expect((await page(first.nextCursor)).rows.map(({ id }) => id)).toEqual([third]);

    const madeUp = (at: unknown) => Buffer.from(JSON.stringify(["next", at])).toString("base64url");
    for (const at of [
      [1, 2, 3],
      ["+a", "b"],
      [["+"], "a", "b"],
      ["a", "b", "c"],
      ["+", "a", ""],
    ])
      await expect(page(madeUp(at))).rejects.toMatchObject({ code: "invalid_input", field: "cursor" });
    expect((await page(madeUp(["+\u0000", "\ud800", "x"]))).rows).toEqual([]);
    expect((await page(madeUp(["-", "", "x"]))).rows).toEqual([]);
  });
});
