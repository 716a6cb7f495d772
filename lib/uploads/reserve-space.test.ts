import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import type { Context } from "../context.ts";
import { addDevice, getDevice, setDeviceQuota } from "../devices/index.ts";
import { newId } from "../ids.ts";
import { noLimits } from "../limits.ts";
import { expectCustodyEvent, factories, localSignals, useTestDatabase } from "../testing/index.ts";
import { appendBytes } from "./append-bytes.ts";
import { expireUploads } from "./expire-uploads.ts";
import { takeLease } from "./lease.ts";
import { openUpload } from "./open-upload.ts";
import { terminateUpload } from "./terminate-upload.ts";
import { defaultTiming } from "./timing.ts";
import { Writers } from "./writers.ts";

const megabyte = 1_000_000;

describe("space", () => {
  const world = useTestDatabase();
  const writers = new Writers(defaultTiming, localSignals());
  const admin = async () => world().context(await factories.makeAdmin(world().db));

  /** A device, whose archive has so many bytes free and these limits. */
  async function deviceWith(freeBytes: number | null, limits: Partial<Context["limits"]> = {}) {
    const device = await factories.makeDevice(world().db);
    const storage = new Proxy(world().storage, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (name === "freeBytes") return async () => freeBytes;
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const ctx = world().context(device.actor, { storage, limits: { ...noLimits, ...limits } });
    const open = async (lengthBytes: number | null) => {
      const uploadId = newId("upload");
      await openUpload(ctx, { uploadId, lengthBytes, metadataHeader: null });
      return uploadId;
    };
    return { id: device.id, ctx, open };
  }
  /** Ends what earlier tests left, which is promised in the same archive. */
  const endAll = async () => {
    const end = { ...world().context(), clock: { now: () => new Date(Date.now() + 400 * 86_400_000) } };
    await expireUploads(end, 86_400_000);
  };

  test("is promised once, and given back when an upload ends", async () => {
    await endAll();
    const { ctx, open } = await deviceWith(100 * megabyte, { reserveBytes: 20 * megabyte });
    const first = await open(50 * megabyte);
    await expect(open(31 * megabyte)).rejects.toMatchObject({ code: "insufficient_storage" });
    const second = await open(30 * megabyte);
    await expect(open(1)).rejects.toMatchObject({
      code: "insufficient_storage",
      retryAfterSeconds: expect.any(Number),
    });
    await expect(open(null)).rejects.toMatchObject({ code: "insufficient_storage" });
    await terminateUpload(ctx, second, writers);
    const third = await open(30 * megabyte);
    expect(await world().db.upload.count({ where: { id: { in: [first, third] }, state: "open" } })).toBe(2);
    // A refused announcement leaves nothing: no row, no blob.
    expect(
      await world().db.recording.count({ where: { deviceId: ctx.actor.kind === "device" ? ctx.actor.deviceId : "" } }),
    ).toBe(3);
  });

  test("is never promised twice, however many announce at once", async () => {
    await endAll();
    const { open, id } = await deviceWith(100 * megabyte);
    const wanted = Array.from({ length: 24 }, (_, index) => (index % 2 === 0 ? 9 * megabyte : 3 * megabyte));
    const results = await Promise.allSettled(wanted.map((bytes) => open(bytes)));
    const rows = await world().db.upload.findMany({ where: { deviceId: id, state: "open" } });
    const promised = rows.reduce((sum, row) => sum + Number(row.lengthBytes), 0);
    expect(promised).toBeLessThanOrEqual(100 * megabyte);
    expect(promised).toBeGreaterThan(91 * megabyte);
    for (const result of results)
      if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "insufficient_storage" });
  });

  test("is asked for again with each body of a file whose length is not known", async () => {
    await endAll();
    const { ctx, open } = await deviceWith(10 * megabyte);
    const uploadId = await open(null);
    const other = await open(10 * megabyte);
    const append = async () => {
      const { lease } = await takeLease(ctx, uploadId, 0, writers);
      if (lease === null) throw new Error("nobody else writes");
      return appendBytes(ctx, lease, Readable.from([Buffer.alloc(1_000)]), { writers, maxBytes: 10 * megabyte });
    };
    await expect(append()).rejects.toMatchObject({ code: "insufficient_storage" });
    await terminateUpload(ctx, other, writers);
    expect(await append()).toMatchObject({ offsetBytes: 1_000, ended: "whole" });
  });

  test("of a device is limited by its quota, over recordings and promises", async () => {
    await endAll();
    const { open, id, ctx } = await deviceWith(null);
    await factories.makeRecording(world().db, { deviceId: id, content: Buffer.alloc(40) });
    await factories.makeRecording(world().db, { deviceId: id, content: Buffer.alloc(2), state: "quarantined" });
    expect(await setDeviceQuota(await admin(), { deviceId: id, quota: "100" })).toBe(100);
    await expectCustodyEvent(world().db, {
      action: "device.quota_changed",
      deviceId: id,
      details: { from: null, to: 100 },
    });
    const first = await open(50);
    await expect(open(9)).rejects.toThrow(/This device's quota of 100 bytes has no room for 9 bytes/);
    expect((await getDevice(await admin(), id)).space).toEqual({ quotaBytes: 100, storedBytes: 42, promisedBytes: 50 });
    await terminateUpload(ctx, first, writers);
    await open(58);
    await setDeviceQuota(await admin(), { deviceId: id, quota: "" });
    await open(5_000);
  });

  test("of all devices is limited by the archive's quota", async () => {
    await endAll();
    const stored = await world().db.deviceUsage.aggregate({ _sum: { storedBytes: true } });
    const quotaBytes = Number(stored._sum.storedBytes ?? 0) + 1_000;
    const { open } = await deviceWith(null, { quotaBytes });
    const other = await deviceWith(null, { quotaBytes });
    await open(600);
    await expect(other.open(401)).rejects.toThrow(/The archive's quota/);
    await other.open(400);
  });

  test("and the number of unfinished uploads is limited", async () => {
    const { open } = await deviceWith(null, { deviceOpenUploads: 2 });
    await open(1);
    await open(1);
    await expect(open(1)).rejects.toMatchObject({ code: "too_many_requests", retryAfterSeconds: expect.any(Number) });
  });

  test("is limited by administrators only", async () => {
    const { deviceId } = await addDevice(await admin(), { name: "Van 77" });
    const officer = world().context(await factories.makeOfficer(world().db));
    await expect(setDeviceQuota(officer, { deviceId, quota: "1 GB" })).rejects.toMatchObject({ code: "forbidden" });
    await expectCustodyEvent(world().db, { action: "access.refused", outcome: "refused" });
    for (const quota of [undefined, "many", "-1", "1 XB", "99999999999 PB"])
      await expect(setDeviceQuota(await admin(), { deviceId, quota })).rejects.toMatchObject({ field: "quota" });
    expect(await setDeviceQuota(await admin(), { deviceId, quota: "1.5 GB" })).toBe(1_500_000_000);
    await expect(setDeviceQuota(await admin(), { deviceId: "D-00000-00000", quota: "1" })).rejects.toMatchObject({
      code: "not_found",
    });
  });
});
