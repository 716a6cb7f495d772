import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Actor } from "../context.ts";
import { refuseDevice, resumeDevice, revokeDevice, suspendDevice } from "../devices/index.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../testing/index.ts";
import {
  addPolicy,
  askForFile,
  assignPolicy,
  cancelWantedFile,
  getDeviceConfig,
  getFleetDevice,
  listDeviceAlarms,
  listFleet,
  listWantedFiles,
  pruneContacts,
  readFleetFigures,
  readRates,
  readUptime,
  receiveHeartbeat,
} from "./index.ts";

const small = {
  version: 1,
  instance: { bootId: "boot", process: "p1" },
  uploader: { version: "1.2.0", runtime: "node 22", platform: "linux-arm64" },
};
const idOf = (actor: Actor) => (actor.kind === "device" ? actor.deviceId : "");
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

describe("heartbeats", () => {
  const world = useTestDatabase();
  const admin = async () => world().context(await factories.makeAdmin(world().db));
  const make = async () => {
    const device = await factories.makeDevice(world().db);
    return { ...device, ctx: world().context(device.actor) };
  };

  test("the answer tells what a device should know, and keeps to its policy", async () => {
    const { ctx, id } = await make();
    const answer = await receiveHeartbeat(ctx, small);
    expect(answer).toMatchObject({
      serverTime: world().clock.now().toISOString(),
      wanted: [],
      rotateKey: false,
      chain: null,
    });
    expect(answer.nextInSeconds).toBeGreaterThanOrEqual(36);
    expect(answer.nextInSeconds).toBeLessThanOrEqual(54);
    expect((await getDeviceConfig(ctx)).version).toBe(answer.configVersion);
    const policy = await addPolicy(await admin(), {
      name: "Fast",
      settings: { heartbeatSeconds: 10 },
      keyMaxAgeDays: 1,
    });
    await assignPolicy(await admin(), { deviceId: id, policyId: policy.id });
    const createdAt = new Date(world().clock.now().getTime() - 86_400_000);
    await world().db.deviceKey.create({
      data: { deviceId: id, kid: "k".repeat(43), publicKey: new Uint8Array(32), createdAt },
    });
    const next = await receiveHeartbeat(ctx, small);
    expect(next).toMatchObject({ configVersion: policy.version, rotateKey: true });
    expect(next.nextInSeconds).toBeLessThanOrEqual(12);
    expect(await getDeviceConfig(ctx)).toEqual({ version: policy.version, settings: policy.settings });
  });

  test("the fleet shows what was said, by the archive's clock", async () => {
    const { clock } = world();
    const { ctx, id } = await make();
    await receiveHeartbeat(ctx, {
      ...small,
      clock: { source: "none", offsetMs: -1e12 },
      configVersion: 0,
      configProblem: "no interface wwan9",
      chain: { sequence: 7, sha256: sha256("x") },
      queue: { files: 3, bytes: 900, events: 1, oldestAt: "1995-01-01T00:00:00Z", oldestAgeMs: 120_000 },
      disk: { totalBytes: 1000, freeBytes: 10, unreceiptedBytes: 900 },
      waiting: { reason: "metered", detail: "wwan0", untilMs: null },
      sending: [{ fileName: "a.mp4", sizeBytes: 9, acknowledgedBytes: 3, bytesPerSecond: 1, class: "event" }],
    });
    const device = await getFleetDevice(await admin(), id);
    expect(device).toMatchObject({
      heartbeatAt: clock.now(),
      lastContactAt: clock.now(),
      isSilent: false,
      uploader: small.uploader,
      queue: { files: 3, bytes: 900, events: 1, oldestAt: new Date(clock.now().getTime() - 120_000) },
      waiting: { reason: "metered", detail: "wwan0" },
      config: { applied: 0, problem: "no interface wwan9" },
      received: { saidSequence: 7, lastSequence: null, numbers: 0, missing: 0, notSentYet: 7 },
      can: { ask: null, setPolicy: null },
    });
    expect(device.heartbeat?.sending).toHaveLength(1);
    expect(device.alarms.map(({ kind }) => kind)).toEqual(["disk_nearly_full", "config_refused", "clock_off"]);
    const deletion = { policy: "after_receipt", keepFreeBytes: 20 } as const;
    const kept = await addPolicy(await admin(), { name: "Keeps its disk nearly full", settings: { deletion } });
    await assignPolicy(await admin(), { deviceId: id, policyId: kept.id });
    const { alarms: fewer } = await getFleetDevice(await admin(), id);
    expect(fewer.map(({ kind }) => kind)).toEqual(["config_refused", "clock_off"]);
    await assignPolicy(await admin(), { deviceId: id, policyId: null });
    clock.advance(3_601_000);
    const alarms = await listDeviceAlarms(await admin());
    expect(alarms.filter((alarm) => alarm.device.id === id).map(({ kind }) => kind)).toEqual([
      "silent",
      "disk_nearly_full",
      "config_refused",
      "clock_off",
    ]);
    expect((await listFleet(await admin())).find((row) => row.id === id)?.isSilent).toBe(true);
  });

  test("the series counts contacts and what was sent, over restarts and lost answers", async () => {
    const { clock } = world();
    const { ctx, id } = await make();
    const beat = (process: string, sentBytes: number, files: number) => {
      const counters = { sentBytes, resentBytes: 0, retries: { offline: 1 }, stalls: 0, resumes: 0, tombstones: 0 };
      const queue = { files, bytes: files * 10, events: 0, oldestAt: null, oldestAgeMs: null };
      return receiveHeartbeat(ctx, { ...small, instance: { bootId: "b", process }, counters, queue });
    };
    // On a full hour, so that the slots of this test are known.
    clock.advance(3_600_000 - (clock.now().getTime() % 3_600_000));
    const hour = clock.now();
    await beat("p1", 1_000, 5);
    await beat("p1", 1_500, 4);
    await beat("p1", 1_400, 4); // an older one that comes late takes nothing away
    clock.advance(300_000);
    await beat("p2", 70, 3);
    await beat("p2", 9e15, 2);
    const points = await readRates(await admin(), { deviceId: id, days: 1 });
    expect(points).toEqual([
      { at: hour, seconds: 300, sentBytes: 1_500, queueBytes: 40 },
      { at: new Date(hour.getTime() + 300_000), seconds: 300, sentBytes: 70 + 1e13, queueBytes: 20 },
    ]);
    expect(await readRates(await admin(), { deviceId: id, days: 7 })).toMatchObject([
      { at: hour, seconds: 3600, queueBytes: 20 },
    ]);
    const hours = await readUptime(await admin(), { deviceId: id, days: 7 });
    expect(hours).toHaveLength(168);
    expect(hours.at(-1)).toEqual({ at: hour, slots: 2 });
    expect(hours.at(-2)).toMatchObject({ slots: 0 });
    clock.advance(40 * 86_400_000);
    expect(await pruneContacts(world().context())).toBeGreaterThanOrEqual(1);
    expect(await world().db.deviceContact.count({ where: { deviceId: id } })).toBe(1);
    clock.advance(300_001);
    await pruneContacts(world().context());
    expect(await world().db.deviceContact.count({ where: { deviceId: id } })).toBe(0);
  });

  test("what is hostile is refused with its member, and nothing is kept of it", async () => {
    const { ctx, id } = await make();
    const refused = (body: unknown) => expect(receiveHeartbeat(ctx, body)).rejects;
    await refused([]).toMatchObject({ code: "invalid_input" });
    await refused({ ...small, version: "1" }).toMatchObject({ message: expect.stringContaining("version") });
    await refused({ ...small, queue: "long" }).toMatchObject({ message: expect.stringContaining("queue") });
    await refused({
      ...small,
      disk: { totalBytes: Number.POSITIVE_INFINITY, freeBytes: 0, unreceiptedBytes: 0 },
    }).toMatchObject({
      code: "invalid_input",
    });
    const retries = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`c${index}`, 1]));
    const counters = { sentBytes: 0, resentBytes: 0, retries, stalls: 0, resumes: 0, tombstones: 0 };
    await refused({ ...small, counters }).toMatchObject({ message: expect.stringContaining("counters.retries") });
    await refused({ ...small, counters: { ...counters, retries: { "a\u0000": 1 } } }).toMatchObject({
      code: "invalid_input",
    });
    expect(await world().db.deviceHeartbeat.count({ where: { deviceId: id } })).toBe(0);
    const person = await admin();
    await expect(receiveHeartbeat(person, small)).rejects.toMatchObject({ code: "unauthenticated" });
    await expect(getDeviceConfig(person)).rejects.toMatchObject({ code: "unauthenticated" });
    // What it says of another device is only ever its own.
    await receiveHeartbeat(ctx, {
      ...small,
      device: "D-00000-00000",
      uploader: { ...small.uploader, version: "\u0000<b>" },
    });
    const kept = await world().db.deviceHeartbeat.findMany({ where: { deviceId: id } });
    expect(kept[0]?.summary).toMatchObject({ uploader: { version: "<b>" } });
  });

  test("two machines with one identity are an alarm, whose heartbeats are kept all the same", async () => {
    const { clock } = world();
    const { ctx, id } = await make();
    const beat = async (process: string) => {
      clock.advance(60_000);
      await receiveHeartbeat(ctx, { ...small, instance: { bootId: "b", process } });
    };
    for (const process of ["one", "two", "two"]) await beat(process);
    expect((await getFleetDevice(await admin(), id)).alarms).toEqual([]);
    await beat("one");
    expect((await getFleetDevice(await admin(), id)).alarms.map(({ kind }) => kind)).toEqual(["clone"]);
    await expectCustodyEvent(world().db, { action: "device.clone_suspected", deviceId: id });
  });

  test("operators count the fleet", async () => {
    const { db, clock } = world();
    const before = await readFleetFigures(db, clock.now());
    const { ctx } = await make();
    const queue = { files: 1, bytes: 1, events: 0, oldestAt: null, oldestAgeMs: 300 * 86_400_000 };
    await receiveHeartbeat(ctx, { ...small, queue });
    // One whose clock has gone mad is not the oldest.
    const mad = await make();
    await receiveHeartbeat(mad.ctx, { ...small, queue: { ...queue, oldestAgeMs: 1e15 } });
    const after = await readFleetFigures(db, clock.now());
    expect(after.byState.active).toBe(before.byState.active + 2);
    expect(after.oldestUnreceiptedSeconds).toBe(300 * 86_400);
    clock.advance(3_600_001);
    const shown = (await listFleet(await admin())).filter(({ isSilent }) => isSilent);
    expect(shown.map(({ id }) => id)).toEqual(expect.arrayContaining([ctx.actor, mad.ctx.actor].map(idOf)));
    expect((await readFleetFigures(db, clock.now())).silent).toBe(shown.length);
  });

  test("a heartbeat costs two statements, and none of them is a custody event", async () => {
    const { ctx } = await make();
    const events = await world().db.custodyEvent.count();
    let statements = 0;
    const sql: typeof ctx.sql = (...args) => {
      statements += 1;
      return ctx.sql(...args);
    };
    const counting = { ...ctx, sql };
    await receiveHeartbeat(counting, small);
    await receiveHeartbeat(counting, small);
    expect(statements).toBe(2);
    expect(await world().db.custodyEvent.count()).toBe(events);
  });
});

describe("a file that is asked for", () => {
  const world = useTestDatabase();
  const officer = async () => world().context(await factories.makeOfficer(world().db));

  test("is told to its device alone until it ends, and custody knows each step", async () => {
    const { db } = world();
    const device = await factories.makeDevice(db);
    const other = await factories.makeDevice(db);
    const ctx = world().context(device.actor);
    const asked = await askForFile(await officer(), {
      deviceId: device.id,
      fileName: "crash.mp4",
      reason: "Request Q-1",
    });
    expect(asked).toMatchObject({ state: "open", fileName: "crash.mp4", sha256: null, can: { cancel: null } });
    await expectCustodyEvent(db, {
      action: "wanted.asked",
      deviceId: device.id,
      purpose: "Request Q-1",
      details: { wantedId: asked.id },
    });
    expect((await askForFile(await officer(), { deviceId: device.id, fileName: "crash.mp4" })).id).toBe(asked.id);
    expect((await receiveHeartbeat(ctx, small)).wanted).toEqual([{ id: asked.id, fileName: "crash.mp4" }]);
    expect((await receiveHeartbeat(world().context(other.actor), small)).wanted).toEqual([]);
    // Another device says what it likes of it.
    const lie = { ...small, wantedResults: [{ id: asked.id, outcome: "not_found" }] };
    await receiveHeartbeat(world().context(other.actor), lie);
    const state = async () => (await listWantedFiles(await officer(), { deviceId: device.id }))[0]?.state;
    expect(await state()).toBe("open");
    await receiveHeartbeat(ctx, { ...small, wantedResults: [{ id: asked.id, outcome: "queued" }] });
    expect(await state()).toBe("seen");
    expect((await receiveHeartbeat(ctx, lie)).wanted).toEqual([]);
    expect(await state()).toBe("not_there");
    await expectCustodyEvent(db, { action: "wanted.not_found", actorId: device.id, details: { wantedId: asked.id } });
    await expect(cancelWantedFile(await officer(), asked.id)).rejects.toMatchObject({ code: "state_conflict" });
  });

  test("may be cancelled, once", async () => {
    const device = await factories.makeDevice(world().db);
    const asked = await askForFile(await officer(), { deviceId: device.id, sha256: sha256("a").toUpperCase() });
    expect(asked.sha256).toBe(sha256("a"));
    await cancelWantedFile(await officer(), asked.id);
    await expectCustodyEvent(world().db, {
      action: "wanted.cancelled",
      deviceId: device.id,
      details: { wantedId: asked.id },
    });
    await expect(cancelWantedFile(await officer(), asked.id)).rejects.toMatchObject({ code: "state_conflict" });
    await expect(cancelWantedFile(await officer(), "W-AAAAA-AAAAA")).rejects.toMatchObject({ code: "not_found" });
    expect((await receiveHeartbeat(world().context(device.actor), small)).wanted).toEqual([]);
  });

  test("a device that is revoked is asked no longer; one that is suspended still is, once it is back", async () => {
    const { db } = world();
    const admin = world().context(await factories.makeAdmin(db));
    const device = await factories.makeDevice(db);
    const asked = await askForFile(await officer(), { deviceId: device.id, fileName: "crash.mp4" });
    const state = async () => (await db.wantedFile.findUniqueOrThrow({ where: { id: asked.id } })).state;
    await suspendDevice(admin, device.id);
    expect(await state()).toBe("open");
    await resumeDevice(admin, device.id);
    await revokeDevice(admin, device.id);
    expect(await state()).toBe("cancelled");
    const details = { wantedId: asked.id, reason: "device_revoked" };
    await expectCustodyEvent(db, { action: "wanted.cancelled", deviceId: device.id, details });
    const { id: deviceId } = await factories.makeDevice(db);
    await db.device.update({ where: { id: deviceId }, data: { state: "pending" } });
    const early = await askForFile(await officer(), { deviceId, fileName: "crash.mp4" });
    await refuseDevice(admin, deviceId);
    await expectCustodyEvent(db, { action: "wanted.cancelled", deviceId, details: { wantedId: early.id } });
  });

  test("is refused to those who may not, and where it makes no sense", async () => {
    const { db } = world();
    const recording = await factories.makeRecording(db);
    const ask = async (input: object) =>
      expect(askForFile(await officer(), { deviceId: recording.deviceId, ...input })).rejects;
    await (await ask({})).toMatchObject({ code: "invalid_input", field: "fileName" });
    await (await ask({ fileName: "a/b.mp4" })).toMatchObject({ code: "invalid_input", field: "fileName" });
    await (await ask({ sha256: "12" })).toMatchObject({ code: "invalid_input", field: "sha256" });
    await (await ask({ deviceId: "D-AAAAA-AAAAA", fileName: "a" })).toMatchObject({ code: "not_found" });
    const here = Buffer.from(recording.sha256 ?? []).toString("hex");
    await (await ask({ sha256: here })).toMatchObject({
      code: "conflict",
      message: `The archive has it: ${recording.id}.`,
    });
    const revoked = await factories.makeDevice(db, { state: "revoked" });
    await (await ask({ deviceId: revoked.id, fileName: "a" })).toMatchObject({ code: "state_conflict" });
    const auditor = world().context(await factories.makeAuditor(db));
    const input = { deviceId: recording.deviceId, fileName: "a" };
    await expect(askForFile(auditor, input)).rejects.toMatchObject({ code: "forbidden" });
    await expectCustodyEvent(db, {
      action: "access.refused",
      outcome: "refused",
      details: { permission: "wanted.ask" },
    });
    await expect(cancelWantedFile(auditor, "W-AAAAA-AAAAA")).rejects.toMatchObject({ code: "forbidden" });
    const requester = world().context(await factories.makeRequester(db));
    await expect(listWantedFiles(requester)).rejects.toMatchObject({ code: "forbidden" });
    for (const list of [listFleet, listDeviceAlarms])
      await expect(list(requester)).rejects.toMatchObject({ code: "forbidden" });
    await expect(getFleetDevice(requester, recording.deviceId)).rejects.toMatchObject({ code: "forbidden" });
  });
});
