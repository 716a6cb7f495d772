import { Readable } from "node:stream";
import { describe, expect, test, vi } from "vitest";
import type { Context } from "../context.ts";
import { addDevice, getDevice, setDeviceQuota } from "../devices/index.ts";
import { newId } from "../ids.ts";
import { noLimits } from "../limits.ts";
import { expectCustodyEvent, factories, localSignals, useTestDatabase } from "../testing/index.ts";
import { appendBytes } from "./append-bytes.ts";
import { assembleUpload } from "./assemble-upload.ts";
import { saveLength, takeLength } from "./declare-length.ts";
import { expireUploads } from "./expire-uploads.ts";
import { releaseLease, takeLease } from "./lease.ts";
import { openFinalUpload } from "./open-final-upload.ts";
import { openPart } from "./open-part.ts";
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
  async function deviceWith(
    freeBytes: number | null | (() => Promise<number>),
    limits: Partial<Context["limits"]> = {},
  ) {
    const device = await factories.makeDevice(world().db);
    const storage = new Proxy(world().storage, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (name === "freeBytes") return async () => (typeof freeBytes === "function" ? freeBytes() : freeBytes);
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

  test("is claimed by one announcement at a time, also when its storage is slow to answer", async () => {
    await endAll();
    const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<number>()];
    const slow = await deviceWith(() => {
      asked.resolve();
      return answered.promise;
    });
    const quick = await deviceWith(100 * megabyte);
    const first = slow.open(60 * megabyte);
    await asked.promise;
    let isSettled = false;
    const second = Promise.allSettled([quick.open(60 * megabyte)]).then(([result]) => {
      isSettled = true;
      return result;
    });
    const waiting = () => world().db.$queryRaw<
      unknown[]
    >`SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
    await vi.waitFor(async () => expect(isSettled || (await waiting()).length > 0).toBe(true), 4_000);
    answered.resolve(100 * megabyte);
    await first;
    expect(await second).toMatchObject({ status: "rejected", reason: { code: "insufficient_storage" } });
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

  test("also then what was begun can be finished", async () => {
    const { ctx, open } = await deviceWith(null, { deviceOpenUploads: 2 });
    const [uploadId] = [await open(null), await open(1)];
    // As after two announcements at the same time, or when an administrator has lowered the limit.
    const fewer = { ...ctx, limits: { ...ctx.limits, deviceOpenUploads: 1 } };
    const { lease } = await takeLease(fewer, uploadId, 0, writers);
    if (lease === null) throw new Error("nobody else writes");
    takeLength(lease, 10);
    await saveLength(fewer, lease);
    await releaseLease(fewer.db, lease);
    const other = await deviceWith(null, { deviceOpenUploads: 1 });
    const deferred = await other.open(null);
    const none = { ...other.ctx, limits: { ...ctx.limits, deviceOpenUploads: 0 } };
    const { lease: second } = await takeLease(none, deferred, 0, writers);
    if (second === null) throw new Error("nobody else writes");
    const body = Readable.from([Buffer.alloc(1_000)]);
    expect(await appendBytes(none, second, body, { writers, maxBytes: megabyte })).toMatchObject({ ended: "whole" });
  });

  test("that a file of parts has not leaves it to a later run, with nobody in its way", async () => {
    await endAll();
    const { ctx } = await deviceWith(10 * megabyte);
    const part = await openPart(ctx, { uploadId: newId("upload"), lengthBytes: null, metadataHeader: null });
    const input = { uploadId: newId("upload"), metadataHeader: null };
    const concat = { kind: "final", header: `final;/api/uploads/${part.id}`, partIds: [part.id] } as const;
    await expect(openFinalUpload(ctx, input, concat, megabyte)).resolves.toMatchObject({ lengthBytes: null });
    const { lease } = await takeLease(ctx, part.id, 0, writers);
    if (lease === null) throw new Error("nobody else writes");
    const body = Readable.from([Buffer.alloc(1_000)]);
    await appendBytes(ctx, lease, body, { writers, maxBytes: megabyte, completes: true });
    const full = Object.assign(Object.create(ctx.storage), { freeBytes: async () => 0 });
    const job = world().context({ kind: "system", name: "upload.assemble" }, { storage: ctx.storage });
    const run = assembleUpload({ ...job, storage: full }, input);
    await expect(run).rejects.toMatchObject({ code: "insufficient_storage" });
    expect(await world().db.upload.findUnique({ where: { id: input.uploadId } })).toMatchObject({ leaseUntil: null });
    await assembleUpload(job, input);
    expect(await world().db.upload.findUnique({ where: { id: input.uploadId } })).toMatchObject({ state: "complete" });
  });

  test("is limited for one file, also for one of parts", async () => {
    const { ctx } = await deviceWith(null);
    const ids = [newId("upload"), newId("upload")];
    for (const uploadId of ids) await openPart(ctx, { uploadId, lengthBytes: 600, metadataHeader: null });
    const input = { uploadId: newId("upload"), metadataHeader: null };
    const concat = { kind: "final", header: "final;…", partIds: ids } as const;
    await expect(openFinalUpload(ctx, input, concat, 1_199)).rejects.toMatchObject({ code: "too_large" });
    expect(await openFinalUpload(ctx, input, concat, 1_200)).toMatchObject({ lengthBytes: 1_200 });
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
