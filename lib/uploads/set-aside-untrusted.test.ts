import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { getDevice, revokeDevice } from "../devices/index.ts";
import { getFleetDevice } from "../fleet/index.ts";
import { getRecording, openRecording, openSidecar, sidecarKey } from "../recordings/index.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../testing/index.ts";
import { quarantineUntrusted, recordStatement, sweepUntrusted } from "./index.ts";

const hourMs = 3_600_000;

describe("what a device signed and sent beside recordings, once it is not believed", () => {
  const world = useTestDatabase();
  const system = () => world().context({ kind: "system", name: "device.quarantine" });
  const admin = async () => world().context(await factories.makeAdmin(world().db));
  const job = (deviceId: string) => quarantineUntrusted(system(), { deviceId });
  const eventsOf = (action: string, deviceId: string) => world().db.custodyEvent.count({ where: { action, deviceId } });

  test("statements explain no gap any more, are shown as set aside, and custody has each once", async () => {
    const { db, clock, jobs } = world();
    const device = await factories.makeSigner(db);
    const { id: deviceId, name } = device;
    const send = (statement: string) => recordStatement(world().context({ kind: "device", deviceId, name }), statement);
    await send(device.state(1));
    await send(device.state(6));
    clock.advance(hourMs);
    const untrustedSince = clock.now();
    // The thief says that number 3 was evicted, fills 4, and goes on.
    const of = { sequence: 3, manifestSha256: "c".repeat(64) };
    const file = { sha256: "d".repeat(64), sizeBytes: 1, fileName: "a.mp4" };
    await send(device.state(7, { kind: "tombstone", of, reason: "evicted", ...file }));
    await send(device.state(4));
    const ctx = await admin();
    const seen = async () => (await getDevice(ctx, deviceId)).manifests;
    expect(await seen()).toMatchObject({ gaps: [{ first: 5 }, { first: 2, last: 2 }], setAside: 0 });
    await revokeDevice(ctx, deviceId, { untrustedSince });
    await job(deviceId);
    expect(await seen()).toMatchObject({ gaps: [{ first: 2, last: 5 }], lastSequence: 7, setAside: 2 });
    const fleet = await getFleetDevice(ctx, deviceId);
    expect(fleet.received).toMatchObject({ numbers: 2, missing: 4, setAside: 2, tombstones: 0 });
    expect(fleet.statements.map(({ sequence, setAsideAt }) => [sequence, setAsideAt !== null])).toEqual([
      [7, true],
      [6, false],
      [4, true],
      [1, false],
    ]);
    const details = { sequence: 7, kind: "tombstone", untrustedSince: untrustedSince.toISOString() };
    await expectCustodyEvent(db, { action: "statement.set_aside", deviceId, details });
    await job(deviceId);
    expect(await eventsOf("statement.set_aside", deviceId)).toBe(2);
    // A restored database forgets nothing of it: an earlier time sets more aside.
    await revokeDevice(ctx, deviceId, { untrustedSince: new Date(untrustedSince.getTime() - hourMs) });
    jobs.added.splice(0);
    await sweepUntrusted(system());
    expect(jobs.added).toEqual([{ name: "device.quarantine", input: { deviceId } }]);
    await job(deviceId);
    expect(await eventsOf("statement.set_aside", deviceId)).toBe(4);
    jobs.added.splice(0);
    await sweepUntrusted(system());
    expect(jobs.added).toEqual([]);
  });

  test("a sidecar that came later goes with no release, and does not stand in for the one before it", async () => {
    const { db, clock, storage } = world();
    const hour = (count: number) => new Date(clock.now().getTime() + count * hourMs);
    const recording = await factories.makeRecording(db, { state: "sealed", data: { receivedAt: hour(-9) } });
    const { id: recordingId, deviceId } = recording;
    const put = async (text: string, at: Date) => {
      const content = Buffer.from(text);
      const row = await factories.makeSidecar(db, recordingId, content, "track.gpx", at);
      await storage.put(sidecarKey(recordingId, createHash("sha256").update(content).digest("hex")), content);
      return row;
    };
    await put("where it was", hour(-9));
    await put("where the thief says it was", hour(-1));
    const requester = await factories.makeRequester(db);
    await factories.makeRelease(db, { requester, recordingIds: [recordingId] });
    const outside = world().context(requester);
    const officer = world().context(await factories.makeOfficer(db));
    await openRecording(officer, { id: recordingId, purpose: "To look" });
    const read = async (ctx: typeof outside) =>
      (await openSidecar(ctx, { recordingId, name: "track.gpx" })).content.toString();
    expect(await read(outside)).toContain("thief");
    await revokeDevice(await admin(), deviceId, { untrustedSince: hour(-2) });
    await job(deviceId);
    await expectCustodyEvent(db, { action: "sidecar.set_aside", recordingId, details: { name: "track.gpx" } });
    await expectCustodyEvent(db, { action: "manifest.set_aside", recordingId });
    expect([await read(outside), await read(officer)]).toEqual(["where it was", "where it was"]);
    const shown = async (ctx: typeof outside) => {
      const { sidecars, manifests } = await getRecording(ctx, recordingId);
      return [sidecars, manifests].map((rows) => rows.map(({ setAsideAt }) => setAsideAt !== null).sort());
    };
    expect(await shown(outside)).toEqual([[false], [false]]);
    expect(await shown(officer)).toEqual([
      [false, true],
      [false, true],
    ]);
    // Earlier by more: the recording itself is quarantined, and nothing of it goes outside.
    await revokeDevice(await admin(), deviceId, { untrustedSince: hour(-10) });
    await job(deviceId);
    expect(await eventsOf("sidecar.set_aside", deviceId)).toBe(2);
    await expect(read(outside)).rejects.toMatchObject({ code: "not_found" });
    expect(await read(officer)).toContain("where");
  });

  test("what came before stays as it is", async () => {
    const { db, clock } = world();
    const recording = await factories.makeRecording(db, {
      state: "sealed",
      data: { receivedAt: new Date(clock.now().getTime() - 9 * hourMs) },
    });
    await factories.makeSidecar(db, recording.id, Buffer.from("x"), "track.gpx", recording.receivedAt ?? undefined);
    await revokeDevice(await admin(), recording.deviceId, { untrustedSince: clock.now() });
    await job(recording.deviceId);
    expect(await db.sidecar.count({ where: { recordingId: recording.id, setAsideAt: null } })).toBe(1);
    expect(await db.manifest.count({ where: { recordingId: recording.id, setAsideAt: null } })).toBe(1);
  });
});
