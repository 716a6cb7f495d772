import { describe, expect, test } from "vitest";
import { recordEvent } from "../custody/index.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../testing/index.ts";
import { exportEvents, listEvents, listEventsOf } from "./index.ts";

describe("the custody log", () => {
  const world = useTestDatabase();
  const auditor = async () => world().context(await factories.makeAuditor(world().db));

  async function events(count: number, input: Partial<Parameters<typeof recordEvent>[2]> = {}) {
    const { db, clock, context } = world();
    for (let n = 0; n < count; n++) {
      clock.advance(n % 2 === 0 ? 1000 : 0);
      await recordEvent(context(), db, { action: "upload.started", ...input });
    }
  }

  test("pages newest first through every event once", async () => {
    const { id } = await factories.makeRecording(world().db);
    await events(17, { recordingId: id });
    const ctx = await auditor();
    const seen: string[] = [];
    for (let cursor: string | null = null; ; ) {
      const page: Awaited<ReturnType<typeof listEvents>> = await listEvents(ctx, { subjectId: id }, cursor, 4);
      seen.push(...page.rows.map((row) => row.seq));
      expect(page.total).toBe(17);
      if (page.nextCursor === null) break;
      cursor = page.nextCursor;
    }
    expect(seen).toHaveLength(17);
    expect(seen).toEqual([...seen].sort((a, b) => Number(b) - Number(a)));
  });

  test("reading is recorded once per reading, not per page", async () => {
    const { db, clock } = world();
    const ctx = await auditor();
    const readings = () =>
      db.custodyEvent.count({
        where: { action: "log.read", actorId: ctx.actor.kind === "person" ? ctx.actor.accountId : "" },
      });
    const first = await listEvents(ctx, {}, null, 2);
    await listEvents(ctx, {}, first.nextCursor, 2);
    expect(await readings()).toBe(1);
    await listEvents(ctx, { group: "people" });
    expect(await readings()).toBe(2);
    await expectCustodyEvent(db, { action: "log.read", details: { kind: "page", filter: { group: "people" } } });
    clock.advance(11 * 60_000);
    await listEvents(ctx, { group: "people" });
    expect(await readings()).toBe(3);
  });

  test("filters combine, and an id filters by what it names", async () => {
    const { db, clock, context } = world();
    const officer = await factories.makeOfficer(db);
    const device = await factories.makeDevice(db);
    clock.advance(3_600_000);
    const from = clock.now();
    await recordEvent(context(officer), db, { action: "recording.opened", purpose: "why" });
    await recordEvent(context(officer), db, { action: "access.refused", outcome: "refused" });
    await recordEvent(context(device.actor), db, { action: "upload.started", deviceId: device.id });
    clock.advance(1000);
    const until = clock.now();
    await recordEvent(context(officer), db, { action: "recording.opened", purpose: "later" });
    const ctx = await auditor();
    const actions = async (filter: Parameters<typeof listEvents>[1]) =>
      (await listEvents(ctx, filter)).rows.map((row) => row.action);
    expect(await actions({ from, until })).toEqual(["upload.started", "access.refused", "recording.opened"]);
    expect(await actions({ from, until, outcome: "refused" })).toEqual(["access.refused"]);
    expect(await actions({ from, until, group: "access" })).toEqual(["recording.opened"]);
    expect(await actions({ from, until, actorId: officer.accountId })).toEqual(["access.refused", "recording.opened"]);
    expect(await actions({ subjectId: device.id.toLowerCase() })).toEqual(["upload.started"]);
    expect(await actions({ subjectId: "nonsense" })).toEqual([]);
    const { rows } = await listEvents(ctx, { from, until, group: "access" });
    expect(rows[0]).toMatchObject({ sentence: "opened it to view", actorName: officer.name, actorRole: "officer" });
  });

  test("what the database could not hold is refused by name, in an export before its first line", async () => {
    const ctx = world().context(await factories.makeAuditor(world().db));
    const from = new Date("-200000-01-01T00:00:00Z");
    await expect(exportEvents(ctx, { from })).rejects.toMatchObject({ code: "invalid_input", field: "from" });
    for (const filter of [{ actorId: "\u0000" }, { subjectId: "\u0000" }])
      await expect(listEvents(ctx, filter)).rejects.toMatchObject({ code: "invalid_input" });
    const cursor = Buffer.from('["next",["0","9999999999999999999"]]').toString("base64url");
    await expect(listEvents(ctx, {}, cursor)).rejects.toMatchObject({ field: "cursor" });
  });

  test("exports as CSV that no spreadsheet runs", async () => {
    const { db, context } = world();
    const { id } = await factories.makeRecording(db);
    await recordEvent(context(), db, { action: "recording.opened", recordingId: id, purpose: '=HYPERLINK("x"),\n2' });
    const ctx = await auditor();
    let csv = "";
    for await (const piece of await exportEvents(ctx, { subjectId: id })) csv += piece;
    expect(csv).toMatch(/^seq,at,action,outcome,/);
    expect(csv).toContain(`"'=HYPERLINK(""x""),\n2"`);
    expect(csv.match(/\r\n/g)).toHaveLength(2);
    await expectCustodyEvent(db, { action: "log.read", details: { kind: "export", filter: { subjectId: id } } });
  });

  test("an export comes in pieces and has every event once", async () => {
    const { db, context } = world();
    const { id } = await factories.makeRecording(db);
    const row = {
      at: world().clock.now(),
      action: "upload.resumed",
      actorKind: "system" as const,
      actorName: "x",
      recordingId: id,
      correlationId: "x",
    };
    await db.custodyEvent.createMany({ data: Array.from({ length: 2345 }, () => row) });
    let pieces = 0;
    let lines = 0;
    for await (const piece of await exportEvents(context(), { subjectId: id })) {
      pieces += 1;
      lines += piece.split("\r\n").length - 1;
    }
    expect({ pieces, lines }).toEqual({ pieces: 4, lines: 2346 });
  });

  test("the chain of custody of one recording is read oldest first", async () => {
    const { db } = world();
    const { id } = await factories.makeRecording(db);
    await events(3, { recordingId: id });
    const feed = await listEventsOf(await auditor(), { recordingId: id });
    expect(feed).toHaveLength(3);
    expect(Number(feed[0]?.seq)).toBeLessThan(Number(feed[2]?.seq));
    await expect(listEventsOf(await auditor(), { recordingId: "R-00000-00000" })).rejects.toMatchObject({
      code: "not_found",
    });
  });

  test("of a device and of a policy, what was done about them is read, and not what a device brought", async () => {
    const { db, context } = world();
    const { id } = await factories.makeDevice(db);
    const admin = context(await factories.makeAdmin(db));
    await recordEvent(admin, db, { action: "device.suspended", deviceId: id });
    await recordEvent(admin, db, { action: "manifest.recorded", deviceId: id, details: {} });
    await recordEvent(admin, db, { action: "policy.changed", details: { policyId: "F-11111-11111", version: 7 } });
    const actions = async (subject: { deviceId: string } | { policyId: string }) =>
      (await listEventsOf(await auditor(), subject)).map(({ action }) => action);
    expect(await actions({ deviceId: id })).toEqual(["device.suspended"]);
    expect(await actions({ policyId: "F-11111-11111" })).toEqual(["policy.changed"]);
    expect(await actions({ policyId: "F-22222-22222" })).toEqual([]);
    const requester = context(await factories.makeRequester(db));
    await expect(listEventsOf(requester, { deviceId: id })).rejects.toMatchObject({ code: "forbidden" });
  });

  test("a requester reads no custody, an administrator none of requests", async () => {
    const { db, context } = world();
    const requester = context(await factories.makeRequester(db));
    const { id } = await factories.makeRecording(db);
    const request = await factories.makeRequest(db);
    for (const call of [
      () => listEvents(requester),
      () => exportEvents(requester),
      () => listEventsOf(requester, { recordingId: id }),
      () => listEventsOf(requester, { requestId: request.id }),
    ])
      await expect(call()).rejects.toMatchObject({ code: "forbidden" });
    await expectCustodyEvent(db, { action: "access.refused", details: { permission: "custody.read" } });
    const admin = context(await factories.makeAdmin(db));
    await expect(listEventsOf(admin, { requestId: request.id })).rejects.toMatchObject({ code: "forbidden" });
    expect(await listEventsOf(await auditor(), { requestId: request.id })).toEqual([]);
  });
});
