import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { seededRandom } from "../e2e/support/proxy.ts";
import type { Log } from "../lib/log.ts";
import { recordingKey } from "../lib/recordings/index.ts";
import { type Disk, machineDisk, openFileBlobStore } from "../lib/storage/index.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../lib/testing/index.ts";
import { type DiskCall, UnsyncedDisk } from "../lib/testing/unsynced-disk.ts";
import { sealRecording } from "../lib/uploads/index.ts";
import { startTestArchive, type TestArchive } from "./testing/test-archive.ts";
import { tusDevice } from "./testing/tus-client.ts";

const codes = ["EIO", "ENOSPC"] as const;
const file = randomBytes(1_900_000);
const sha256 = createHash("sha256").update(file).digest("hex");

describe("a disk that fails", () => {
  const world = useTestDatabase();
  const archives: TestArchive[] = [];
  afterEach(async () => {
    for (const archive of archives.splice(0)) await archive.stop();
  });

  /** An archive on a disk whose nth call of a kind fails, once; and what its log says. */
  async function open() {
    const root = join(mkdtempSync(join(world().dir, "failing-")), "storage");
    const alarms: string[] = [];
    const hear = (line: string) => {
      const { msg } = JSON.parse(line);
      if (msg !== "request") alarms.push(msg); // that line is of every request that failed
    };
    const log = pino({ level: "error" }, { write: hear }) as unknown as Log; // as in lib/log.ts
    let due: { call: DiskCall; nth: number; code: string } | null = null;
    const before = (call: DiskCall) => {
      if (due?.call !== call || --due.nth > 0) return;
      const { code } = due;
      due = null;
      throw Object.assign(new Error(`${code}: ${call}`), { code });
    };
    const disk = new UnsyncedDisk(root, { before });
    const start = async () => {
      const storage = openFileBlobStore(root, disk.connect());
      const context = (...args: Parameters<ReturnType<typeof world>["context"]>) => ({
        ...world().context(...args),
        log,
      });
      archives.unshift(await startTestArchive({ ...world(), storage, context }));
    };
    await start();
    const { token } = await factories.makeDevice(world().db);
    const client = tusDevice(() => archives[0]?.url ?? "", token);
    return {
      client,
      alarms,
      pathOf: (recordingId: string) => join(root, recordingKey(recordingId)),
      failAt: (call: DiskCall, nth: number, code: string) => {
        due = { call, nth, code };
      },
      hasFailed: () => due === null,
      cutPower: async () => {
        disk.cutPower(seededRandom(1));
        await start();
      },
      create: () => client.create(file.length, { sha256, chunk_size: "400000" }),
      offsetOf: async (location: string) => Number((await client.head(location)).headers["upload-offset"]),
      seal: (recordingId: string) =>
        sealRecording(world().context({ kind: "system", name: "test" }, { storage: openFileBlobStore(root) }), {
          recordingId,
        }),
    };
  }
  const statusOf = { EIO: 500, ENOSPC: 507 };
  const alarmOf = { EIO: "STORAGE FAILED", ENOSPC: "STORAGE IS FULL" };

  it.each(codes.flatMap((code) => (["mkdir", "open", "sync"] as const).map((call) => [code, call] as const)))(
    "by %s when an upload is opened (%s) announces nothing, says so, and works again afterwards",
    async (code, call) => {
      const archive = await open();
      const before = await world().db.upload.count();
      archive.failAt(call, 1, code);
      const refused = await archive.create();
      expect(archive.hasFailed()).toBe(true);
      expect([refused.status, refused.headers.location]).toEqual([statusOf[code], undefined]);
      expect(refused.body).not.toContain(code);
      expect(archive.alarms).toEqual([alarmOf[code]]);
      expect(await world().db.upload.count()).toBe(before);
      const created = await archive.create();
      expect(created.status).toBe(201);
      await archive.cutPower();
      expect(await archive.offsetOf(String(created.headers.location))).toBe(0);
      expect((await archive.client.patch(String(created.headers.location), 0, file)).status).toBe(204);
    },
  );

  const calls = [
    ["open", 1],
    ["write", 1],
    ["write", 2],
    ["datasync", 1],
    ["datasync", 2],
    ["truncate", 1],
  ] as const;
  it.each(codes.flatMap((code) => calls.map(([call, nth]) => [code, call, nth] as const)))(
    "by %s at a PATCH (%s %i) promises nothing that is not there, says so, and goes on afterwards",
    async (code, call, nth) => {
      const archive = await open();
      const created = await archive.create();
      const location = String(created.headers.location);
      const recordingId = String(created.headers["strongroom-recording"]);
      const promised = Number(
        (await archive.client.patch(location, 0, file.subarray(0, 300_000))).headers["upload-offset"],
      );
      if (call === "truncate") {
        // A first body that fails leaves bytes behind the offset, which the next one has to cut off.
        archive.failAt("datasync", 1, code);
        expect((await archive.client.patch(location, promised, file.subarray(promised))).status).toBe(statusOf[code]);
        archive.alarms.length = 0;
      }
      archive.failAt(call, nth, code);
      const refused = await archive.client.patch(location, promised, file.subarray(promised));
      expect(archive.hasFailed()).toBe(true);
      expect([refused.status, refused.headers["upload-offset"]]).toEqual([statusOf[code], undefined]);
      expect(archive.alarms).toEqual([alarmOf[code]]);
      const offset = await archive.offsetOf(location);
      expect(offset).toBeGreaterThanOrEqual(promised);
      expect(offset).toBeLessThan(file.length);
      // After a sync that failed nothing more of this body may be promised: the first commit is at 400,000.
      if (call === "datasync" && nth === 1) expect(offset).toBe(promised);
      if (code === "ENOSPC" && call === "write")
        await expectCustodyEvent(world().db, { action: "upload.interrupted", recordingId });

      await archive.cutPower();
      expect((await readFile(archive.pathOf(recordingId))).subarray(0, offset).equals(file.subarray(0, offset))).toBe(
        true,
      );
      expect((await archive.client.patch(location, offset, file.subarray(offset))).status).toBe(204);
      await archive.cutPower();
      await archive.seal(recordingId);
      await expectCustodyEvent(world().db, { action: "recording.sealed", recordingId });
    },
  );

  it("when it closes takes nothing back of what was synced before", async () => {
    const archive = await open();
    const location = String((await archive.create()).headers.location);
    archive.failAt("close", 1, "EIO");
    expect((await archive.client.patch(location, 0, file.subarray(0, 500_000))).status).toBe(204);
    expect(archive.hasFailed()).toBe(true);
    await archive.cutPower();
    expect(await archive.offsetOf(location)).toBe(500_000);
    expect((await archive.client.patch(location, 500_000, file.subarray(500_000))).status).toBe(204);
  });

  it("that hangs while an upload is opened, for longer than the lease, cuts nothing off that another server took", async () => {
    const root = join(mkdtempSync(join(world().dir, "hanging-")), "storage");
    const timing = { leaseMs: 900, renewMs: 200 };
    const hanging = Promise.withResolvers<void>();
    const opened = Promise.withResolvers<void>();
    let isHanging = false;
    const slow: Disk = {
      ...machineDisk,
      open: async (path, flags, mode) => {
        if (isHanging && flags === "r+") {
          opened.resolve();
          await hanging.promise;
        }
        return machineDisk.open(path, flags, mode);
      },
    };
    const start = async (disk?: Disk) => {
      const archive = await startTestArchive({ ...world(), storage: openFileBlobStore(root, disk) }, { timing });
      archives.push(archive);
      return archive;
    };
    const [one, two] = [await start(slow), await start()];
    const { token } = await factories.makeDevice(world().db);
    const [first, second] = [one, two].map(({ url }) => tusDevice(() => url, token));
    const created = await first?.create(file.length, { sha256 });
    const path = new URL(String(created?.headers.location)).pathname;
    expect((await first?.patch(path, 0, file.subarray(0, 300_000)))?.status).toBe(204);
    // Bytes behind the offset, as a body leaves them that was cut off before its commit.
    await appendFile(join(root, recordingKey(String(created?.headers["strongroom-recording"]))), "never acknowledged");
    isHanging = true;
    const late = first?.patch(path, 300_000, file.subarray(300_000));
    await opened.promise;
    expect((await second?.patch(path, 300_000, file.subarray(300_000, 900_000)))?.status).toBe(204);
    hanging.resolve();
    expect((await late)?.status).toBe(423);
    expect((await second?.patch(path, 900_000, file.subarray(900_000)))?.status).toBe(204);
    const recordingId = String(created?.headers["strongroom-recording"]);
    await sealRecording(world().context({ kind: "system", name: "test" }, { storage: openFileBlobStore(root) }), {
      recordingId,
    });
    await expectCustodyEvent(world().db, { action: "recording.sealed", recordingId });
  });

  it.each(codes)("by %s while an attachment is put away leaves no half of it", async (code) => {
    const root = join(mkdtempSync(join(world().dir, "failing-")), "storage");
    for (const call of ["open", "write", "link", "sync"] as const) {
      let isDue = true;
      const disk = new UnsyncedDisk(root, {
        before: (made) => {
          if (made !== call || !isDue) return;
          isDue = false;
          throw Object.assign(new Error(code), { code });
        },
      });
      const store = openFileBlobStore(root, disk.connect());
      await expect(store.put(`orders/${call}`, file)).rejects.toMatchObject({ code });
      disk.cutPower(seededRandom(2));
      const size = await openFileBlobStore(root).size(`orders/${call}`);
      expect([null, file.length]).toContain(size);
    }
  });
});
