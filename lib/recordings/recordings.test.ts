import { createHash, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { addSite, changeSite } from "../devices/index.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../testing/index.ts";
import {
  getDeviceRecording,
  getRecording,
  listChunks,
  listFilterOptions,
  listRecordings,
  openRecording,
  type RecordingFilter,
} from "./index.ts";

const at = (time: string) => new Date(`2026-03-02T${time}Z`);
const unknown = "R-00000-00000";

describe("the catalogue", () => {
  const world = useTestDatabase();
  const officer = async () => world().context(await factories.makeOfficer(world().db));

  test("pages both ways through every recording once, also when many start at the same moment", async () => {
    const { db } = world();
    const device = await factories.makeDevice(db);
    for (let n = 0; n < 23; n++)
      await factories.makeRecording(db, {
        deviceId: device.id,
        capturedFrom: at(n % 3 === 0 ? "09:00:00" : `09:${10 + n}:00`),
        capturedUntil: at("10:00:00"),
      });
    const ctx = await officer();
    const filter = { deviceId: device.id };
    const all = (await listRecordings(ctx, filter, null, 200)).rows.map((row) => row.id);
    expect(all).toHaveLength(23);
    const forward: string[] = [];
    let last: string | null = null;
    for (let cursor: string | null = null; ; ) {
      const page: Awaited<ReturnType<typeof listRecordings>> = await listRecordings(ctx, filter, cursor, 5);
      forward.push(...page.rows.map((row) => row.id));
      expect(page).toMatchObject({ total: 23, isTotalExact: true });
      last = page.previousCursor;
      if (page.nextCursor === null) break;
      cursor = page.nextCursor;
    }
    expect(forward).toEqual(all);
    const back: string[] = [];
    while (last !== null) {
      const page: Awaited<ReturnType<typeof listRecordings>> = await listRecordings(ctx, filter, last, 5);
      back.unshift(...page.rows.map((row) => row.id));
      expect(page.nextCursor).not.toBeNull();
      last = page.previousCursor;
    }
    expect(back).toEqual(all.slice(0, 20));
  });

  test("a broken cursor is refused by name", async () => {
    const written = (text: string) => Buffer.from(text).toString("base64url");
    const beyond = '["next",["-999999999999999999","R-00000-00000"]]';
    for (const cursor of ["x", "W10", written('["next",["1","\'"]]'), written(beyond)])
      await expect(listRecordings(await officer(), {}, cursor)).rejects.toMatchObject({ field: "cursor" });
  });

  test("a filter that the database could not hold is refused by name", async () => {
    const long = new Date("-200000-01-01T00:00:00Z");
    for (const filter of [{ siteId: "\u0000" }, { deviceId: "D\u0000" }, { from: long }, { until: long }])
      await expect(listRecordings(await officer(), filter)).rejects.toMatchObject({
        code: "invalid_input",
        field: Object.keys(filter)[0],
      });
  });

  test.each([
    ["before", "08:00:00", "09:00:00", false],
    ["touching its start", "08:00:00", "09:00:00.001", true],
    ["inside", "09:04:00", "09:05:00", true],
    ["around", "08:00:00", "11:00:00", true],
    ["across its end", "09:09:59.999", "11:00:00", true],
    ["from its end", "09:10:00", "11:00:00", false],
    ["only from", "09:05:00", undefined, true],
    ["only from, after", "09:10:00", undefined, false],
    ["only until", undefined, "09:05:00", true],
    ["only until, before", undefined, "09:00:00", false],
  ])("an interval %s overlaps a recording of 09:00 to 09:10: %s to %s, %s", async (_, from, until, found) => {
    const { id, deviceId } = await factories.makeRecording(world().db);
    const filter: RecordingFilter = { deviceId };
    if (from !== undefined) filter.from = at(from);
    if (until !== undefined) filter.until = at(until);
    const { rows, total } = await listRecordings(await officer(), filter);
    expect(rows.map((row) => row.id)).toEqual(found ? [id] : []);
    expect(total).toBe(found ? 1 : 0);
  });

  test("words must all occur, in any order; short ones begin a word; signs are only signs", async () => {
    const { db } = world();
    const text = (searchText: string) => factories.makeRecording(db, { data: { searchText } });
    const van = await text("r-aaaaa-00001 gate_100%.mp4 rear van 12 calle mayor");
    await text("r-aaaaa-00002 gatex100x.mp4 rear van 21 gran vía");
    const find = async (words: string) =>
      (await listRecordings(await officer(), { text: words })).rows.map((row) => row.id);
    expect(await find("MAYOR  van")).toEqual([van.id]);
    expect(await find("van 12")).toEqual([van.id]);
    expect(await find("gate_100%")).toEqual([van.id]);
    expect(await find("mayor vía")).toEqual([]);
    expect(await find("2 mayor")).toEqual([]);
    await expect(find("a\u0000b")).rejects.toMatchObject({ code: "invalid_input", field: "text" });
  });

  test("a digest is found by its first digits, the declared one too", async () => {
    const { db } = world();
    const recording = await factories.makeRecording(db, { content: new TextEncoder().encode("unlike any other") });
    const hex = Buffer.from(recording.sha256 ?? []).toString("hex");
    for (const digest of [hex, hex.toUpperCase(), hex.slice(0, 8), hex.slice(0, 11)])
      expect((await listRecordings(await officer(), { digest })).rows.map((row) => row.id)).toEqual([recording.id]);
    await expect(listRecordings(await officer(), { digest: "abc" })).rejects.toMatchObject({ field: "digest" });
    const receiving = await factories.makeRecording(db, {
      state: "receiving",
      data: { declaredSha256: new Uint8Array(32).fill(7) },
    });
    expect((await listRecordings(await officer(), { digest: "07070707" })).rows[0]?.id).toBe(receiving.id);
  });

  test("a renamed site is found by its old and its new name", async () => {
    const { db, context } = world();
    const ctx = context(await factories.makeAdmin(db));
    const site = await addSite(ctx, { name: "Oldtown", timeZone: "UTC" });
    const recording = await factories.makeRecording(db, { siteId: site.id, data: { searchText: "r-1 x.mp4 oldtown" } });
    await changeSite(ctx, site.id, { name: "Newtown", timeZone: "UTC" });
    for (const text of ["oldtown", "newtown"])
      expect((await listRecordings(ctx, { text })).rows.map((row) => row.id)).toEqual([recording.id]);
  });

  test("a requester sees what was released to them while it is open, and everything else is not there", async () => {
    const { db, clock, context } = world();
    const release = await factories.makeRelease(db);
    const other = await factories.makeRecording(db);
    const account = await db.account.findUniqueOrThrow({
      where: { id: release.requesterId },
      include: { organisation: true },
    });
    const ctx = context({
      kind: "person",
      accountId: account.id,
      name: account.name,
      email: account.email,
      role: account.role,
      organisationId: account.organisationId,
      organisationName: account.organisation.name,
      organisationKind: account.organisation.kind,
    });
    const released = release.recordings[0]?.recordingId ?? "";
    expect((await listRecordings(ctx)).rows.map((row) => row.id)).toEqual([released]);
    expect((await getRecording(ctx, released)).can.download).toBeNull();
    expect((await listChunks(ctx, released)).rows.every((chunk) => chunk.receivedFrom === "")).toBe(true);
    expect((await listFilterOptions(ctx)).devices).toHaveLength(1);
    const answer = (id: string) => getRecording(ctx, id).catch((error: Error) => ({ ...error, text: error.message }));
    expect(await answer(other.id)).toEqual(await answer(unknown));
    await expect(listChunks(ctx, other.id)).rejects.toMatchObject({ code: "not_found" });
    const stranger = context(await factories.makeRequester(db));
    expect((await listRecordings(stranger)).rows).toEqual([]);
    await expect(getRecording(stranger, released)).rejects.toMatchObject({ code: "not_found" });
    const before = clock.now();
    clock.set(release.openUntil);
    await expect(getRecording(ctx, released)).rejects.toMatchObject({ code: "not_found" });
    expect((await listRecordings(ctx)).total).toBe(0);
    clock.set(before);
  });

  test("nobody, and a device, see no catalogue", async () => {
    const device = await factories.makeDevice(world().db);
    await expect(listRecordings(world().context({ kind: "nobody" }))).rejects.toMatchObject({
      code: "unauthenticated",
    });
    await expect(listRecordings(world().context(device.actor))).rejects.toMatchObject({ code: "forbidden" });
  });
});

describe("one recording", () => {
  const world = useTestDatabase();

  test("tells all that is known, and chunks as they arrived", async () => {
    const { db, context } = world();
    const recording = await factories.makeRecording(db, {
      content: new Uint8Array(1_000_000),
      chunkSizeBytes: 400_000,
    });
    const ctx = context(await factories.makeAuditor(db));
    const detail = await getRecording(ctx, recording.id.toLowerCase());
    expect(detail).toMatchObject({
      id: recording.id,
      state: "sealed",
      sizeBytes: 1_000_000,
      offsetBytes: 1_000_000,
      durationMs: 600_000,
      chunkSizeBytes: 400_000,
      sha256: detail.declaredSha256,
      can: { open: "Your role sees no video.", download: "Your role sees no video." },
    });
    await expect(getRecording(ctx, "\u0000")).rejects.toMatchObject({ code: "not_found" });
  });

  test("lists its chunks with number, place, length, digest and time, in pages both ways", async () => {
    const { db, context } = world();
    const content = randomBytes(1_000_000);
    const { id } = await factories.makeRecording(db, { content, chunkSizeBytes: 400_000 });
    const ctx = context(await factories.makeAuditor(db));
    const whole = await listChunks(ctx, id);
    expect(whole).toMatchObject({ total: 3, isTotalExact: true, nextCursor: null, previousCursor: null });
    const digestOf = (from: number) =>
      createHash("sha256")
        .update(content.subarray(from, from + 400_000))
        .digest("hex");
    expect(whole.rows).toEqual(
      [0, 400_000, 800_000].map((offsetBytes, index) => ({
        ...{ index, offsetBytes, lengthBytes: index === 2 ? 200_000 : 400_000, sha256: digestOf(offsetBytes) },
        ...{ receivedAt: expect.any(Date), receivedFrom: expect.stringMatching(/./) },
      })),
    );
    const first = await listChunks(ctx, id, null, 2);
    expect(first).toMatchObject({ rows: whole.rows.slice(0, 2), total: 3, previousCursor: null });
    const second = await listChunks(ctx, id, first.nextCursor, 2);
    expect(second).toMatchObject({ rows: whole.rows.slice(2), nextCursor: null });
    expect((await listChunks(ctx, id, second.previousCursor, 2)).rows).toEqual(first.rows);
    await expect(listChunks(ctx, id, "nonsense")).rejects.toMatchObject({ code: "invalid_input", field: "cursor" });
    const requester = context(await factories.makeRequester(db));
    await expect(listChunks(requester, id)).rejects.toMatchObject({ code: "not_found" });
  });

  test("an officer opens it for a purpose, for as long as the settings say", async () => {
    const { db, clock, context } = world();
    const { id } = await factories.makeRecording(db);
    const officer = await factories.makeOfficer(db);
    const ctx = context(officer);
    expect((await getRecording(ctx, id)).can).toEqual({ open: null, download: "Open it first, and say what for." });
    const grant = await openRecording(ctx, { id, purpose: " Request Q-1 " });
    expect(grant).toMatchObject({ recordingId: id, purpose: "Request Q-1" });
    expect(grant.openUntil.getTime() - clock.now().getTime()).toBe(8 * 3_600_000);
    await expectCustodyEvent(db, {
      action: "recording.opened",
      recordingId: id,
      purpose: "Request Q-1",
      actorId: officer.accountId,
    });
    const detail = await getRecording(ctx, id);
    expect(detail.grant?.purpose).toBe("Request Q-1");
    expect(detail.can.download).toBeNull();
    expect((await getRecording(context(await factories.makeOfficer(db)), id)).grant).toBeNull();
    clock.advance(8 * 3_600_000);
    expect((await getRecording(ctx, id)).grant).toBeNull();
    await expect(openRecording(ctx, { id, purpose: "  x " })).rejects.toMatchObject({ field: "purpose" });
    await expect(openRecording(ctx, { id: unknown, purpose: "check" })).rejects.toMatchObject({ code: "not_found" });
  });

  test("only officers open recordings, and only ones that have bytes to read", async () => {
    const { db, context } = world();
    const sealed = await factories.makeRecording(db);
    for (const make of [factories.makeAdmin, factories.makeAuditor, factories.makeRequester]) {
      const actor = await make(db);
      const call = openRecording(context(actor), { id: sealed.id, purpose: "curious" });
      await expect(call).rejects.toMatchObject({ code: "forbidden" });
      await expectCustodyEvent(db, {
        action: "access.refused",
        actorId: actor.accountId,
        details: { permission: "recordings.open" },
      });
    }
    const ctx = context(await factories.makeOfficer(db));
    for (const state of ["receiving", "received", "disposed"] as const) {
      const { id } = await factories.makeRecording(db, { state });
      await expect(openRecording(ctx, { id, purpose: "check" })).rejects.toMatchObject({ code: "state_conflict" });
    }
    const quarantined = await factories.makeRecording(db, { state: "quarantined" });
    await openRecording(ctx, { id: quarantined.id, purpose: "find the damage" });
  });

  test("one whose upload ended stays, and is said never to have been received", async () => {
    const { db, context } = world();
    const { id, upload } = await factories.makeRecording(db, { state: "receiving" });
    const ctx = context(await factories.makeOfficer(db));
    expect(await getRecording(ctx, id)).toMatchObject({ state: "receiving", isAbandoned: false });
    await db.upload.update({ where: { id: upload?.id ?? "" }, data: { state: "terminated" } });
    const shown = await getRecording(ctx, id);
    expect(shown).toMatchObject({ state: "receiving", isAbandoned: true });
    expect(shown.can.open).toMatch(/^It was never received/);
  });

  test("a device sees its own recordings and no other's", async () => {
    const { db, context } = world();
    const device = await factories.makeDevice(db);
    const own = await factories.makeRecording(db, { deviceId: device.id });
    const other = await factories.makeRecording(db);
    const ctx = context(device.actor);
    expect(await getDeviceRecording(ctx, own.id)).toMatchObject({
      id: own.id,
      state: "sealed",
      quarantineReason: null,
    });
    await expect(getDeviceRecording(ctx, other.id)).rejects.toMatchObject({ code: "not_found" });
    await expect(getDeviceRecording(ctx, unknown)).rejects.toMatchObject({ code: "not_found" });
    const officer = context(await factories.makeOfficer(db));
    await expect(getDeviceRecording(officer, own.id)).rejects.toMatchObject({ code: "unauthenticated" });
  });
});
