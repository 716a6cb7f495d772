import { describe, expect, test } from "vitest";
import { revokeDevice } from "../devices/index.ts";
import { recordingKey } from "../recordings/index.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../testing/index.ts";
import { expireUploads, quarantineUntrusted, sealRecording, sweepUntrusted } from "./index.ts";

const hourMs = 3_600_000;
const content = Buffer.from("what a stolen recorder brought");

describe("a device that is revoked and not believed", () => {
  const world = useTestDatabase();
  const system = () => world().context({ kind: "system", name: "device.quarantine" });
  const admin = async () => world().context(await factories.makeAdmin(world().db));
  const at = (hours: number) => new Date(world().clock.now().getTime() + hours * hourMs);
  const stateOf = async (id: string) => (await world().db.recording.findUniqueOrThrow({ where: { id } })).state;
  const job = (deviceId: string) => quarantineUntrusted(system(), { deviceId });

  /** A recording of the device, received so many hours from now. */
  async function make(deviceId: string, hours: number, state: "sealed" | "received" = "sealed", data = {}) {
    const { db, storage } = world();
    const own = state === "received" ? { sha256: null } : {};
    const recording = await factories.makeRecording(db, {
      ...{ deviceId, state, content },
      data: { receivedAt: at(hours), ...own, ...data },
    });
    await storage.put(recordingKey(recording.id), content);
    return recording.id;
  }

  test("what it brought since then goes to quarantine, and nothing else does or is deleted", async () => {
    const { db, storage, jobs } = world();
    const ctx = await admin();
    const { id: deviceId } = await factories.makeDevice(db);
    const [before, since, stranger] = [
      await make(deviceId, -48),
      await make(deviceId, -24),
      await make((await factories.makeDevice(db)).id, -24),
    ];
    await revokeDevice(ctx, deviceId, { untrustedSince: at(-24) });
    expect(jobs.added).toContainEqual({ name: "device.quarantine", input: { deviceId } });
    await expectCustodyEvent(db, { action: "device.revoked", deviceId });
    const details = { untrustedSince: at(-24).toISOString() };
    await expectCustodyEvent(db, { action: "device.distrusted", deviceId, details });
    expect(await job(deviceId)).toBe(1);
    expect(await job(deviceId)).toBe(0);
    expect(await Promise.all([before, since, stranger].map(stateOf))).toEqual(["sealed", "quarantined", "sealed"]);
    await expectCustodyEvent(db, {
      action: "recording.quarantined",
      recordingId: since,
      details: { reason: "device_untrusted", from: "sealed", deviceId, ...details },
    });
    expect(await storage.size(recordingKey(since))).toBe(content.length);
    const row = await db.recording.findUniqueOrThrow({ where: { id: since } });
    expect(row).toMatchObject({ quarantineReason: "device_untrusted", sealedAt: expect.any(Date) });
    expect(row.sha256).not.toBeNull();
  });

  test("what waits to be sealed is read back and quarantined then, with its digest", async () => {
    const { db } = world();
    const { id: deviceId } = await factories.makeDevice(db);
    const [before, since] = [await make(deviceId, -3, "received"), await make(deviceId, -1, "received")];
    await revokeDevice(await admin(), deviceId, { untrustedSince: at(-2) });
    expect(await job(deviceId)).toBe(0);
    for (const recordingId of [before, since]) await sealRecording(system(), { recordingId });
    expect([await stateOf(before), await stateOf(since)]).toEqual(["sealed", "quarantined"]);
    const { sha256, declaredSha256 } = await db.recording.findUniqueOrThrow({ where: { id: since } });
    expect(sha256).toEqual(declaredSha256);
  });

  test("no recording slips through between its sealing and the revocation", async () => {
    const { db } = world();
    for (let round = 0; round < 6; round++) {
      const { id: deviceId } = await factories.makeDevice(db);
      const ids = [];
      for (let number = 0; number < 3; number++) ids.push(await make(deviceId, -1, "received"));
      const ctx = await admin();
      await Promise.all([
        revokeDevice(ctx, deviceId, { untrustedSince: at(-2) }).then(() => job(deviceId)),
        ...ids.map((recordingId) => sealRecording(system(), { recordingId })),
      ]);
      expect(await Promise.all(ids.map(stateOf))).toEqual(["quarantined", "quarantined", "quarantined"]);
    }
  });

  test("a repeat that is believed stands for the first that is not", async () => {
    const { db } = world();
    const { id: deviceId } = await factories.makeDevice(db);
    const first = await make(deviceId, -1);
    const repeat = await make(deviceId, -9, "sealed", { repeatOfId: first });
    await revokeDevice(await admin(), deviceId, { untrustedSince: at(-2) });
    await job(deviceId);
    expect([await stateOf(first), await stateOf(repeat)]).toEqual(["quarantined", "sealed"]);
    await expectCustodyEvent(db, { action: "recording.promoted", recordingId: repeat, details: { insteadOf: first } });
  });

  test("that it was stolen can be learnt later, and earlier; never taken back, and by nobody but an administrator", async () => {
    const { db } = world();
    const ctx = await admin();
    const { id } = await factories.makeDevice(db);
    const recordingId = await make(id, -30);
    await revokeDevice(ctx, id);
    await expect(revokeDevice(ctx, id)).rejects.toMatchObject({ code: "state_conflict" });
    await revokeDevice(ctx, id, { untrustedSince: at(-24) });
    expect(await job(id)).toBe(0);
    await expect(revokeDevice(ctx, id, { untrustedSince: at(-1) })).rejects.toMatchObject({ code: "state_conflict" });
    const field = { code: "invalid_input", field: "untrustedSince" };
    await expect(revokeDevice(ctx, id, { untrustedSince: at(1) })).rejects.toMatchObject(field);
    await revokeDevice(ctx, id, { untrustedSince: at(-48) });
    expect(await job(id)).toBe(1);
    expect(await stateOf(recordingId)).toBe("quarantined");
    const officer = world().context(await factories.makeOfficer(db));
    await expect(revokeDevice(officer, id, { untrustedSince: at(-72) })).rejects.toMatchObject({ code: "forbidden" });
    await expectCustodyEvent(db, { action: "access.refused", outcome: "refused", actorRole: "officer" });
    await expect(quarantineUntrusted(officer, { deviceId: id })).rejects.toMatchObject({ code: "forbidden" });
  });

  test("its unfinished uploads and parts never expire, those of others do", async () => {
    const { db } = world();
    const [revoked, active] = [await factories.makeDevice(db), await factories.makeDevice(db)];
    const open = async (deviceId: string) => {
      const recording = await factories.makeRecording(db, { deviceId, state: "receiving" });
      const part = await db.upload.create({
        data: {
          ...{ id: `U-${deviceId.slice(2)}`, deviceId, kind: "part", chunkSizeBytes: 400_000 },
          ...{ createdAt: at(-9999), lastActivityAt: at(-9999) },
        },
      });
      const { id: uploadId } = await db.upload.update({
        where: { recordingId: recording.id },
        data: { lastActivityAt: at(-9999) },
      });
      return [uploadId, part.id];
    };
    const [kept, ended] = [await open(revoked.id), await open(active.id)];
    await revokeDevice(await admin(), revoked.id);
    await expectCustodyEvent(db, { action: "device.revoked", deviceId: revoked.id, details: { keptUploads: 2 } });
    await expireUploads(system(), hourMs);
    const states = async (ids: string[]) =>
      (await db.upload.findMany({ where: { id: { in: ids } } })).map(({ state }) => state);
    expect(await states(kept)).toEqual(["open", "open"]);
    expect(await states(ended)).toEqual(["terminated", "terminated"]);
  });

  test("what a restored database forgot to do is done at the next start", async () => {
    const { db, jobs } = world();
    const { id: deviceId } = await factories.makeDevice(db);
    await make(deviceId, -1);
    await revokeDevice(await admin(), deviceId, { untrustedSince: at(-2) });
    jobs.added.splice(0);
    await sweepUntrusted(system());
    expect(jobs.added).toEqual([{ name: "device.quarantine", input: { deviceId } }]);
    await job(deviceId);
    jobs.added.splice(0);
    await sweepUntrusted(system());
    expect(jobs.added).toEqual([]);
  });
});
