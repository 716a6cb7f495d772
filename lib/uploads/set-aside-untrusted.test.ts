import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { getDevice, revokeDevice } from "../devices/index.ts";
import { getFleetDevice } from "../fleet/index.ts";
import { getManifest, getRecording, openRecording, openSidecar, sidecarKey } from "../recordings/index.ts";
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
    const late = await put("where the thief says it was", hour(-1));
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
    const manifest = (ctx: typeof outside) =>
      getManifest(ctx, recordingId, Buffer.from(late.manifestSha256).toString("hex"));
    await expect(manifest(outside)).rejects.toMatchObject({ code: "not_found" });
    expect(await manifest(officer)).toMatchObject({ jws: "x" });
    // Earlier by more: the recording itself is quarantined, and nothing of it goes outside.
    await revokeDevice(await admin(), deviceId, { untrustedSince: hour(-10) });
    await job(deviceId);
    expect(await eventsOf("sidecar.set_aside", deviceId)).toBe(2);
    await expect(read(outside)).rejects.toMatchObject({ code: "not_found" });
    expect(await read(officer)).toContain("where");
  });

  test("an earlier time that is said while the job runs is kept to, whichever of the two comes to a page first", async () => {
    const { db, clock } = world();
    const device = await factories.makeSigner(db);
    const { id: deviceId, name } = device;
    await recordStatement(world().context({ kind: "device", deviceId, name }), device.state(1));
    await db.$executeRaw`
      INSERT INTO chain_statement (statement_sha256, device_id, kid, sequence, previous_sha256, chain, kind, facts, jws,
                                   received_at)
      SELECT sha256(n::text::bytea), device_id, kid, n, sha256('x'), 'in_order', kind, facts, jws, received_at
        FROM chain_statement, generate_series(2, 130) n WHERE device_id = ${deviceId}`;
    await revokeDevice(await admin(), deviceId, { untrustedSince: clock.now() });
    // Another job has set most of the first page aside, in either order, and has not ended its transaction.
    const second = await db.$transaction(async (tx) => {
      await tx.$executeRaw`
        UPDATE chain_statement SET set_aside_at = ${clock.now()} WHERE statement_sha256 IN (
          SELECT statement_sha256 FROM chain_statement WHERE device_id = ${deviceId} AND sequence <= 60)`;
      await tx.$executeRaw`
        UPDATE chain_statement SET set_aside_at = ${clock.now()} WHERE statement_sha256 IN (
          SELECT statement_sha256 FROM chain_statement
           WHERE device_id = ${deviceId} AND set_aside_at IS NULL ORDER BY statement_sha256 LIMIT 30)`;
      const running = job(deviceId);
      for (let waiting = 0; waiting === 0; ) {
        const [row] = await tx.$queryRaw<{ waiting: number }[]>`
          SELECT count(*)::int AS waiting FROM pg_stat_activity
           WHERE datname = current_database() AND wait_event_type = 'Lock'`;
        waiting = row?.waiting ?? 0;
      }
      return { running };
    });
    await second.running;
    expect(await db.chainStatement.count({ where: { deviceId, setAsideAt: null } })).toBe(0);
    expect(await eventsOf("statement.set_aside", deviceId)).toBe(40);
  });

  test("a manifest that was set aside is not here for the one after it, nor stands for a number that a tombstone names", async () => {
    const { db, clock } = world();
    const ago = (hours: number) => new Date(clock.now().getTime() - hours * hourMs);
    const early = await factories.makeRecording(db, { state: "sealed", data: { receivedAt: ago(9) } });
    const { deviceId } = early;
    const late = await factories.makeRecording(db, { deviceId, state: "receiving" });
    const digests = { early: Buffer.alloc(32, 5), late: Buffer.alloc(32, 4) };
    const kid = "k".repeat(43);
    await db.deviceKey.create({ data: { kid, deviceId, publicKey: Buffer.alloc(32, 1), createdAt: ago(99) } });
    const same = { deviceId, kid, chain: "gap" as const, chunkSizeBytes: 400_000, chunkSha256s: new Uint8Array() };
    const [rest, previous] = [{ ...same, facts: {}, jws: "x" }, digests.late];
    await db.manifest.create({
      data: {
        ...{ ...rest, manifestSha256: digests.early, recordingId: early.id },
        ...{ sequence: 5n, previousSha256: previous, receivedAt: ago(9) },
      },
    });
    // It says before the theft what it says of number 4, which itself comes later.
    await db.chainStatement.create({
      data: {
        ...{ deviceId, kid, statementSha256: Buffer.alloc(32, 6), sequence: 6n, previousSha256: digests.early },
        ...{ chain: "in_order", kind: "tombstone", ofSequence: 4n, ofManifestSha256: previous },
        ...{ facts: { reason: "evicted", fileName: "a.mp4" }, jws: "x", receivedAt: ago(8) },
      },
    });
    await db.manifest.create({
      data: {
        ...{ ...rest, manifestSha256: previous, recordingId: late.id },
        ...{ sequence: 4n, previousSha256: Buffer.alloc(32, 3), receivedAt: ago(1) },
      },
    });
    const ctx = await admin();
    const lost = async () => (await getRecording(ctx, late.id)).willNotCome?.reason ?? null;
    expect(await lost()).toBe("evicted");
    const missing = async () => (await getFleetDevice(ctx, deviceId)).received.missing;
    expect(await missing()).toBe(3);
    await revokeDevice(ctx, deviceId, { untrustedSince: ago(2) });
    await job(deviceId);
    expect(await missing()).toBe(3);
    expect((await getDevice(ctx, deviceId)).manifests?.gaps).toEqual([{ first: 1, last: 3 }]);
    const { manifests } = await getRecording(ctx, early.id);
    expect(manifests.map(({ isPreviousHere }) => isPreviousHere)).toEqual([true]); // the tombstone is believed
    await db.$executeRaw`UPDATE chain_statement SET set_aside_at = now() WHERE device_id = ${deviceId}`;
    expect(await lost()).toBeNull();
    const again = await getRecording(ctx, early.id);
    expect(again.manifests.map(({ isPreviousHere }) => isPreviousHere)).toEqual([false]);
  });

  test("a start finds sidecars of a recording that is quarantined so, also those that came before it was whole", async () => {
    const { db, clock, jobs } = world();
    const ago = (hours: number) => new Date(clock.now().getTime() - hours * hourMs);
    const recording = await factories.makeRecording(db, { state: "sealed", data: { receivedAt: ago(1) } });
    await factories.makeSidecar(db, recording.id, Buffer.from("x"), "track.gpx", ago(9));
    const { deviceId } = recording;
    const requester = await factories.makeRequester(db);
    await factories.makeRelease(db, { requester, recordingIds: [recording.id] });
    await db.device.update({ where: { id: deviceId }, data: { state: "revoked", untrustedSince: ago(2) } });
    const reason = { quarantineReason: "device_untrusted", quarantinedAt: clock.now() };
    await db.recording.update({ where: { id: recording.id }, data: { state: "quarantined", ...reason } });
    await db.$executeRaw`UPDATE manifest SET set_aside_at = now() WHERE device_id = ${deviceId}`;
    // Until the job has come to them they go with no release either.
    const read = openSidecar(world().context(requester), { recordingId: recording.id, name: "track.gpx" });
    await expect(read).rejects.toMatchObject({ code: "not_found" });
    jobs.added.splice(0);
    await sweepUntrusted(system());
    expect(jobs.added).toContainEqual({ name: "device.quarantine", input: { deviceId } });
    await job(deviceId);
    jobs.added.splice(0);
    await sweepUntrusted(system());
    expect(jobs.added).not.toContainEqual({ name: "device.quarantine", input: { deviceId } });
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
