import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { appendFile, copyFile, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../lib/clock.ts";
import { approveDevice, makeEnrolmentCode, resumeDevice, revokeDevice, suspendDevice } from "../lib/devices/index.ts";
import { addPolicy, assignPolicy, getFleetDevice } from "../lib/fleet/index.ts";
import { rotateSigningKey } from "../lib/keys/index.ts";
import { factories, useTestDatabase } from "../lib/testing/index.ts";
import { openVault } from "../lib/vault.ts";
import { loadIdentity } from "../uploader/identity/identity.ts";
import { SpawnedUploader } from "../uploader/testing/spawned-uploader.ts";
import { type ApiServer, startApiServer } from "./testing/start-api-server.ts";

const secret = "of the archive in these tests alone";
const root = join(import.meta.dirname, "..");
const sample = join(root, "samples/recordings/van-04-rear.mp4");

describe("an enrolled uploader against this archive", () => {
  const world = useTestDatabase();
  let server: ApiServer;
  let bundle: string;
  const admin = async () => world().context(await factories.makeAdmin(world().db), { clock: systemClock });

  /** A machine with a state folder of its own. */
  function machine(name: string) {
    const stateFolder = join(world().dir, `state-${name}`);
    const spawn = (...args: string[]) => new SpawnedUploader(bundle, args, { STRONGROOM_STATE_DIR: stateFolder });
    const push = async (fileName: string, ...flags: string[]) => {
      const folder = join(world().dir, name);
      await mkdir(folder, { recursive: true });
      const file = join(folder, fileName);
      await copyFile(sample, file);
      const { code, events } = await spawn("push", file, "--settle", "0", ...flags).ended;
      return { code, last: events.at(-1), file };
    };
    return { stateFolder, spawn, push };
  }

  /** A machine that has become a device. */
  async function enrolled(name: string) {
    const one = machine(name);
    const made = await makeEnrolmentCode(await admin(), {}, server.url);
    const { code, stderr } = await one.spawn("enrol", made.link, "--name", name).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const device = (await loadIdentity(one.stateFolder))?.device ?? "";
    return { ...one, device };
  }

  beforeAll(async () => {
    bundle = join(world().dir, "strongroom-uploader.mjs");
    execFileSync(process.execPath, [join(root, "uploader/build.mjs"), bundle]);
    server = await startApiServer({
      databaseUrl: world().databaseUrl,
      dataDir: world().dir,
      hasRoutes: true,
      settings: { AUTH_SECRET: secret },
    });
  });
  afterAll(() => server.stop());

  it("becomes a device by a link, waits for approval, and sends with tokens that its key buys", async () => {
    const { stateFolder, spawn, push } = machine("approved");
    const made = await makeEnrolmentCode(await admin(), { needsApproval: true }, server.url);
    const { code, events, stderr } = await spawn("enrol", made.link, "--name", "Van 04").ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const said = events[0] as unknown;
    expect(said).toMatchObject({ name: "Van 04", state: "pending", receiptKeys: [made.pin] });
    const device = (await loadIdentity(stateFolder))?.device ?? "";
    expect(await push("early.mp4")).toMatchObject({ code: 4, last: { problem: expect.stringMatching(/approve/) } });

    await approveDevice(await admin(), device);
    const sent = await push("rear.mp4", "--delete-after-seal");
    expect(sent).toMatchObject({ code: 0, last: { event: "done", state: "sealed", isDeleted: true } });
    expect(existsSync(sent.file)).toBe(false);
    expect(await world().db.recording.count({ where: { deviceId: device } })).toBe(1);
    expect(await world().db.deviceToken.count({ where: { deviceId: device } })).toBe(0);
  });

  it("is the same device with the same code again, and another key has no way in with it", async () => {
    const made = await makeEnrolmentCode(await admin(), {}, server.url);
    const enrol = (folder: string) =>
      new SpawnedUploader(bundle, ["enrol", made.link], { STRONGROOM_STATE_DIR: join(world().dir, folder) }).ended;
    expect((await enrol("first")).code).toBe(0);
    expect((await enrol("second")).code).toBe(4);
    expect((await enrol("first")).code).toBe(0);
  });

  it("changes its key, and goes on with the new one alone", async () => {
    const { stateFolder, spawn, push, device } = await enrolled("Rotates");
    expect((await push("before.mp4")).code).toBe(0);
    const rotate = async () => {
      const { code, events, stderr } = await spawn("rotate-key").ended;
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      return events[0] as unknown;
    };
    const old = (await loadIdentity(stateFolder))?.kid;
    expect(await rotate()).toMatchObject({ isOver: true });
    const kid = (await loadIdentity(stateFolder))?.kid;
    expect(kid).not.toBe(old);
    const watched = join(world().dir, "rotates-watched");
    await mkdir(watched);
    const daemon = spawn("run", "--watch", watched);
    await daemon.event("watching");
    await expect.poll(() => existsSync(join(stateFolder, "control.sock"))).toBe(true);
    expect(await rotate()).toMatchObject({ isOver: true });
    await daemon.kill("SIGTERM");
    const last = (await loadIdentity(stateFolder))?.kid;
    expect((await push("after.mp4")).code).toBe(0);
    const keys = await world().db.deviceKey.findMany({ where: { deviceId: device }, orderBy: { createdAt: "asc" } });
    expect(keys).toMatchObject([
      { kid: old },
      { kid, previousKid: old, firstTokenAt: expect.any(Date) },
      { kid: last, previousKid: kid, firstTokenAt: expect.any(Date) },
    ]);
  });

  it("signs what it describes into one chain, and states what will not come, also without its journal", async () => {
    const { stateFolder, spawn, push, device } = await enrolled("Signs");
    const file = join(world().dir, "changed.mp4");
    await copyFile(sample, file);
    await appendFile(file, Buffer.alloc(3_000_000));
    const flags = ["--settle", "0", "--incomplete-after", "0", "--chunk-size", "400000"];
    const first = spawn("push", file, ...flags, "--limit-rate", "500k");
    await first.event("progress", ({ acknowledgedBytes }) => acknowledgedBytes > 0);
    await first.kill();
    await appendFile(file, "more");
    expect((await spawn("push", file, ...flags).ended).code).toBe(0);
    const links = async () => {
      const manifests = await world().db.manifest.findMany({
        where: { deviceId: device },
        orderBy: { sequence: "asc" },
      });
      const statements = await world().db.chainStatement.findMany({ where: { deviceId: device } });
      const all = [...manifests, ...statements].map(({ sequence }) => Number(sequence)).sort((a, b) => a - b);
      return { all, manifests, statements };
    };
    const before = await links();
    expect(before.all).toEqual(Array.from({ length: before.all.length }, (_, index) => index + 1));
    expect(before.statements).toMatchObject([{ kind: "tombstone" }]);
    expect(before.manifests.map(({ chain }) => chain).filter((chain) => chain === "fork")).toEqual([]);

    // A card that lost everything but the key: the archive says where the chain goes on.
    for (const name of ["journal", "manifests", "receipts"])
      await rm(join(stateFolder, name), { recursive: true, force: true });
    expect(await push("again.mp4")).toMatchObject({ code: 0, last: { state: "sealed" } });
    const after = await links();
    expect(after.all).toEqual(Array.from({ length: before.all.length + 2 }, (_, index) => index + 1));
    expect(after.statements.map(({ kind }) => kind).sort()).toEqual(["gap", "tombstone"]);
  });

  it("says how it is, takes its policy and keeps to it, and its doctor finds nothing wrong", async () => {
    const { spawn, device } = await enrolled("By night");
    const ctx = await admin();
    const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
    const timetable = [{ days: [...days], from: "00:00", to: "24:00", rateBytesPerSecond: 0 }];
    const policy = await addPolicy(ctx, { name: "By night", settings: { transfer: { timetable } } });
    await assignPolicy(ctx, { policyId: policy.id, deviceId: device });
    const ask = async (...args: string[]) => {
      const { code, events } = await spawn(...args).ended;
      return { code, said: events[0] as unknown };
    };
    const folder = join(world().dir, "by-night");
    await mkdir(folder);
    const daemon = spawn("run", "--watch", folder, "--settle", "0");
    await daemon.event("watching");
    const held = { said: { archive: { version: policy.version, problem: null } } };
    await expect.poll(() => ask("settings", "show"), { timeout: 20_000 }).toMatchObject(held);
    await copyFile(sample, join(folder, "bulk.mp4"));
    const waits = { said: { daemon: { waiting: { reason: "timetable" } }, queue: { files: 1 }, problems: [] } };
    await expect
      .poll(() => ask("status", "--check", "--running"), { timeout: 20_000 })
      .toMatchObject({ code: 0, ...waits });
    const kept = async () => [await world().db.upload.count(), await world().db.recording.count()];
    const before = await kept();
    const { code, said } = await ask("doctor");
    expect(await kept()).toEqual(before);
    const wrong = (said as { checks: { state: string }[] }).checks.filter(({ state }) => state === "fail");
    expect({ code, wrong }).toEqual({ code: 0, wrong: [] });
    expect(await getFleetDevice(ctx, device)).toMatchObject({ name: "By night" });
    expect(await world().db.deviceContact.count({ where: { deviceId: device } })).toBeGreaterThan(0);
    expect((await daemon.kill("SIGTERM")).code).toBe(0);
  });

  it("follows the archive to a new receipt key that the old one has endorsed", async () => {
    const { spawn, push } = await enrolled("Trusts");
    const operator = world().context(await factories.makeAdmin(world().db), {
      clock: systemClock,
      vault: openVault(secret),
    });
    const { kid } = await rotateSigningKey(operator, { purpose: "receipt" });
    const { code, events } = await spawn("trust").ended;
    expect({ code, said: events[0] as unknown }).toMatchObject({
      code: 0,
      said: { receiptKeys: [{ kid, isTrusted: true }] },
    });
    expect(await push("endorsed.mp4", "--delete-after-seal")).toMatchObject({ code: 0, last: { isDeleted: true } });
  });

  it("keeps its files while it is suspended, goes on once it is resumed, and keeps them when it is revoked", async () => {
    const { push, device } = await enrolled("Stopped");
    await suspendDevice(await admin(), device);
    const waits = await push("held.mp4");
    expect(waits).toMatchObject({ code: 4, last: { problem: expect.stringMatching(/suspended.*kept/) } });
    await resumeDevice(await admin(), device);
    expect((await push("held.mp4")).code).toBe(0);
    await revokeDevice(await admin(), device);
    const ends = await push("late.mp4", "--delete-after-seal");
    expect(ends).toMatchObject({ code: 4, last: { problem: expect.stringMatching(/revoked.*--force-new/) } });
    expect(existsSync(ends.file)).toBe(true);
  });
});
