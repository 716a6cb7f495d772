import { describe, expect, test } from "vitest";
import { expectCustodyEvent, factories, useTestDatabase } from "../testing/index.ts";
import {
  addDevice,
  addSite,
  authenticateDevice,
  changeSite,
  ensureSite,
  getDevice,
  issueDeviceToken,
  listDevices,
  listSites,
  resumeDevice,
  revokeDevice,
  revokeDeviceToken,
  suspendDevice,
} from "./index.ts";

const origin = { address: "198.51.100.7", userAgent: "uploader/1.0" };

describe("devices", () => {
  const world = useTestDatabase();
  const admin = async () => world().context(await factories.makeAdmin(world().db));
  const authenticate = (token: string) => authenticateDevice(world().context(), token, origin);

  test("adding a device shows its token once and keeps only its digest", async () => {
    const { db } = world();
    const ctx = await admin();
    const site = await addSite(ctx, { name: "Depot North", address: "", timeZone: "Europe/Lisbon" });
    const { deviceId, token } = await addDevice(ctx, { name: "  Van 12 ", alias: "INS352AR74", siteId: site.id });
    expect(token).toMatch(/^srd_[\w-]{43}$/);
    const stored = await db.deviceToken.findMany({ where: { deviceId } });
    expect(JSON.stringify(stored)).not.toContain(token.slice(4));
    await expectCustodyEvent(db, { action: "device.added", deviceId, details: { name: "Van 12" } });
    await expectCustodyEvent(db, { action: "device.token_issued", deviceId });
    await expectCustodyEvent(db, { action: "site.created", details: { siteId: site.id } });
    const device = await getDevice(ctx, deviceId);
    expect(device).toMatchObject({ name: "Van 12", activeTokens: 1, openUploads: 0, lastRecording: null });
    expect(device.site?.timeZone).toBe("Europe/Lisbon");
    await expect(addDevice(ctx, { name: "Van 12" })).rejects.toMatchObject({ code: "conflict", field: "name" });
    await expect(addDevice(ctx, { name: "Van 13", siteId: "S-AAAAA-AAAAA" })).rejects.toMatchObject({
      code: "invalid_input",
      field: "siteId",
    });
    await expect(addDevice(ctx, { name: "Van\u202e13" })).rejects.toMatchObject({ field: "name" });
  });

  test("a token lets its device in, and says so at most once a minute", async () => {
    const { db, clock } = world();
    const device = await factories.makeDevice(db);
    expect(await authenticate(device.token)).toEqual({ kind: "device", deviceId: device.id, name: device.name });
    const seen = () => db.device.findUniqueOrThrow({ where: { id: device.id } });
    const first = (await seen()).lastSeenAt;
    expect(first).toEqual(clock.now());
    expect((await seen()).lastSeenFrom).toBe("198.51.100.7 uploader/1.0");
    clock.advance(59_000);
    await authenticate(device.token);
    expect((await seen()).lastSeenAt).toEqual(first);
    clock.advance(1_000);
    await authenticate(device.token);
    expect((await seen()).lastSeenAt).toEqual(clock.now());
  });

  test.each(["", "srd_unknown", "\u0000", "x".repeat(100_000)])("an unknown token is nobody's", async (token) => {
    expect(await authenticate(token)).toBeNull();
  });

  test("suspending, resuming and revoking decide who gets in, and only go forward", async () => {
    const { db } = world();
    const ctx = await admin();
    const { deviceId, token } = await addDevice(ctx, { name: "Gate cam 2" });
    await suspendDevice(ctx, deviceId);
    expect(await authenticate(token)).toBeNull();
    await expect(suspendDevice(ctx, deviceId)).rejects.toMatchObject({ code: "state_conflict" });
    await resumeDevice(ctx, deviceId.toLowerCase());
    expect(await authenticate(token)).not.toBeNull();
    await revokeDevice(ctx, deviceId);
    expect(await authenticate(token)).toBeNull();
    await expect(resumeDevice(ctx, deviceId)).rejects.toMatchObject({ code: "state_conflict" });
    await expect(issueDeviceToken(ctx, deviceId)).rejects.toMatchObject({ code: "state_conflict" });
    await expect(revokeDevice(ctx, "D-00000-00000")).rejects.toMatchObject({ code: "not_found" });
    await expect(revokeDevice(ctx, "\u0000")).rejects.toMatchObject({ code: "not_found" });
    for (const action of ["device.suspended", "device.resumed", "device.revoked"] as const)
      await expectCustodyEvent(db, { action, deviceId });
    expect((await getDevice(ctx, deviceId)).can).toEqual({
      issueToken: "The device is revoked.",
      addKey: "The device is revoked.",
      setQuota: "The device is revoked.",
      suspend: "The device is revoked.",
      resume: "The device is revoked.",
      revoke: "The device is revoked.",
      approve: "The device is revoked.",
      refuse: "The device is revoked.",
      dismissClone: "Nothing of the kind is suspected.",
      acknowledgeGap: "No number is missing without a word why.",
      withdrawGapAcknowledgement: "Nobody has said why a number is missing.",
    });
  });

  test("a device changes over to a new token without a gap", async () => {
    const { db } = world();
    const ctx = await admin();
    const old = await addDevice(ctx, { name: "Van 14" });
    const fresh = await issueDeviceToken(ctx, old.deviceId);
    expect(await authenticate(old.token)).not.toBeNull();
    await revokeDeviceToken(ctx, old.tokenId);
    expect(await authenticate(old.token)).toBeNull();
    expect(await authenticate(fresh.token)).not.toBeNull();
    await expect(revokeDeviceToken(ctx, old.tokenId)).rejects.toMatchObject({ code: "state_conflict" });
    await expectCustodyEvent(db, { action: "device.token_revoked", details: { tokenId: old.tokenId } });
  });

  test("a site is corrected with its old values in custody", async () => {
    const { db } = world();
    const ctx = await admin();
    const { id } = await addSite(ctx, { name: "Brnch 7", address: "Calle 1", timeZone: "Europe/Madrid" });
    await changeSite(ctx, id, { name: "Branch 7", address: null, timeZone: "Europe/Madrid" });
    await expectCustodyEvent(db, {
      action: "site.changed",
      details: {
        siteId: id,
        before: { name: "Brnch 7", address: "Calle 1", timeZone: "Europe/Madrid" },
        after: { name: "Branch 7", address: null, timeZone: "Europe/Madrid" },
      },
    });
    await expect(changeSite(ctx, id, { name: "Branch 7", timeZone: "Mars/Base" })).rejects.toMatchObject({
      field: "timeZone",
    });
    await expect(addSite(ctx, { name: "Branch 7", timeZone: "UTC" })).rejects.toMatchObject({ code: "conflict" });
    expect((await listSites(ctx)).map((site) => site.name)).toContain("Branch 7");
  });

  test("a requester learns of sites, and of no device there", async () => {
    const { db } = world();
    const site = await factories.makeSite(db);
    await factories.makeDevice(db, { siteId: site.id });
    const countFor = async (person: Awaited<ReturnType<typeof factories.makeOfficer>>) =>
      (await listSites(world().context(person))).find((row) => row.id === site.id)?.deviceCount;
    expect(await countFor(await factories.makeOfficer(db))).toBe(1);
    expect(await countFor(await factories.makeRequester(db))).toBe(0);
  });

  test("the site of a new device is added once, also when the device was refused", async () => {
    const ctx = await admin();
    const first = await ensureSite(ctx, { name: " Depot West ", timeZone: "UTC" });
    expect(first.isNew).toBe(true);
    expect(await ensureSite(ctx, { name: "Depot West", timeZone: "UTC" })).toEqual({ id: first.id, isNew: false });
    await expect(ensureSite(ctx, { name: " ", timeZone: "UTC" })).rejects.toMatchObject({ field: "siteName" });
    await expect(ensureSite(ctx, { name: "X", timeZone: "x" })).rejects.toMatchObject({ field: "timeZone" });
  });

  test("operator commands act as an administrator would", async () => {
    const { db } = world();
    const ctx = world().context({ kind: "system", name: "command device add" });
    const { deviceId } = await addDevice(ctx, { name: "Van 90" });
    await expectCustodyEvent(db, { action: "device.added", deviceId, actorName: "command device add" });
  });

  test("all devices by name, page by page, forwards and back", async () => {
    const { db, context } = world();
    const admin = context(await factories.makeAdmin(db));
    for (const name of ["Page 1", "Page 2", "Page 3", "page 4"]) await factories.makeDevice(db, { name });
    const all = (await listDevices(admin, null, 200)).rows;
    const pages = [await listDevices(admin, null, 2)];
    for (let next = pages[0]?.nextCursor; next; next = pages.at(-1)?.nextCursor)
      pages.push(await listDevices(admin, next, 2));
    expect(pages.flatMap(({ rows }) => rows.map(({ id }) => id))).toEqual(all.map(({ id }) => id));
    expect(pages.every(({ rows, total }) => rows.length <= 2 && total === all.length)).toBe(true);
    expect(pages[0]?.previousCursor).toBeNull();
    expect((await listDevices(admin, pages[1]?.previousCursor ?? "", 2)).rows).toEqual(pages[0]?.rows);
    await expect(listDevices(admin, "nonsense")).rejects.toMatchObject({ code: "invalid_input", field: "cursor" });
  });

  test("officers and auditors watch devices, requesters and devices do not, and only administrators change them", async () => {
    const { db, context } = world();
    const { id } = await factories.makeDevice(db);
    const officer = await factories.makeOfficer(db);
    expect((await listDevices(context(officer))).rows.length).toBeGreaterThan(0);
    expect((await getDevice(context(officer), id)).can.revoke).toBe("Only administrators change devices.");
    await expect(suspendDevice(context(officer), id)).rejects.toMatchObject({ code: "forbidden" });
    await expectCustodyEvent(db, {
      action: "access.refused",
      outcome: "refused",
      actorId: officer.accountId,
      details: { permission: "devices.change" },
    });
    const others = [await factories.makeRequester(db), { kind: "device", deviceId: id, name: "x" } as const];
    for (const actor of others) {
      await expect(listDevices(context(actor))).rejects.toMatchObject({ code: "forbidden" });
      await expect(addDevice(context(actor), { name: "Van 91" })).rejects.toMatchObject({ code: "forbidden" });
    }
    await expect(listDevices(context({ kind: "nobody" }))).rejects.toMatchObject({ code: "unauthenticated" });
  });
});
