import { describe, expect, test } from "vitest";
import { expectCustodyEvent, factories, useTestDatabase } from "../testing/index.ts";
import { addPolicy, assignPolicy, changePolicy, getFleetDevice, getPolicy, listPolicies } from "./index.ts";

describe("policies", () => {
  const world = useTestDatabase();
  const admin = async () => world().context(await factories.makeAdmin(world().db));

  test("there is a default one, for every device that has no other", async () => {
    const ctx = await admin();
    const device = await factories.makeDevice(world().db);
    const [policy] = await listPolicies(ctx);
    expect(policy).toMatchObject({ name: "Default", isDefault: true, silentAfterSeconds: 3600, keyMaxAgeDays: 365 });
    expect(policy?.settings.heartbeatSeconds).toBe(45);
    const { devices, can } = await getPolicy(ctx, policy?.id ?? "");
    expect(devices).toContainEqual({ id: device.id, name: device.name, applied: null, problem: null });
    expect(can).toEqual({ change: null });
  });

  test("a change keeps what it leaves out, is a new version, and is told to custody", async () => {
    const ctx = await admin();
    const made = await addPolicy(ctx, {
      name: " Vans ",
      settings: { transfer: { parallel: 2 }, events: { tags: ["crash"] } },
    });
    expect(made).toMatchObject({ name: "Vans", isDefault: false, deviceCount: 0 });
    await expectCustodyEvent(world().db, {
      action: "policy.created",
      details: { policyId: made.id, version: made.version },
    });
    const change = {
      settings: { transfer: { rateBytesPerSecond: 1000 } },
      silentAfterSeconds: 600,
      version: made.version,
    };
    const changed = await changePolicy(ctx, made.id, change);
    expect(changed.version).toBeGreaterThan(made.version);
    expect(changed.settings.transfer).toMatchObject({ parallel: 2, rateBytesPerSecond: 1000 });
    expect(changed.settings.events.tags).toEqual(["crash"]);
    await expectCustodyEvent(world().db, {
      action: "policy.changed",
      details: { changed: { silentAfterSeconds: [3600, 600], "settings.transfer.rateBytesPerSecond": [null, 1000] } },
    });
    expect((await changePolicy(ctx, made.id, { name: "Vans" })).version).toBe(changed.version);
    expect((await changePolicy(ctx, made.id, { name: "Lorries" })).version).toBe(changed.version);
    await expect(changePolicy(ctx, made.id, change)).rejects.toMatchObject({ code: "state_conflict" });
    const { versions } = await getPolicy(ctx, made.id);
    expect(versions.map(({ version }) => version)).toEqual([changed.version, made.version]);
  });

  test("a device whose policy is made while it is read is there with it", async () => {
    const { db, context } = world();
    const ctx = await admin();
    const { id: deviceId } = await factories.makeDevice(db);
    const sql: typeof ctx.sql = async (statement, values) => {
      if (statement.name === "read_fleet") {
        const { id } = await addPolicy(ctx, { name: "Made just now" });
        await assignPolicy(ctx, { deviceId, policyId: id });
      }
      return ctx.sql(statement, values);
    };
    const found = await getFleetDevice({ ...context(), sql }, deviceId);
    expect(found.policy.name).toBe("Made just now");
  });

  test("what is wrong is refused with its field", async () => {
    const ctx = await admin();
    const refused = (input: object) => expect(addPolicy(ctx, { name: "Trams", ...input })).rejects;
    await refused({ settings: { transfer: { parallel: 99 } } }).toMatchObject({
      code: "invalid_input",
      field: "settings.transfer.parallel",
      message: "transfer.parallel must be a whole number from 1 to 8.",
    });
    await refused({ settings: { turbo: true } }).toMatchObject({ field: "settings.turbo" });
    for (const text of ["a\u0000b", "\ud800"])
      await refused({ settings: { events: { tags: [text] } } }).toMatchObject({ field: "settings.events.tags.0" });
    await refused({ silentAfterSeconds: 5 }).toMatchObject({ field: "silentAfterSeconds" });
    const slow = { heartbeatSeconds: 1800 };
    await refused({ silentAfterSeconds: 3599, settings: slow }).toMatchObject({ field: "silentAfterSeconds" });
    await refused({ name: "Default" }).toMatchObject({ code: "conflict", field: "name" });
    const made = await addPolicy(ctx, { name: "Trams", silentAfterSeconds: 3600, settings: slow });
    await expect(changePolicy(ctx, made.id, { silentAfterSeconds: 1800 })).rejects.toMatchObject({
      code: "invalid_input",
      field: "silentAfterSeconds",
    });
    await expect(changePolicy(ctx, made.id, { settings: { heartbeatSeconds: 1801 } })).rejects.toMatchObject({
      code: "invalid_input",
      field: "silentAfterSeconds",
    });
    await expect(changePolicy(ctx, made.id, { name: "Default" })).rejects.toMatchObject({ code: "conflict" });
    const other = await addPolicy(ctx, { name: "Trolleys" });
    const both = await Promise.allSettled([made, other].map(({ id }) => changePolicy(ctx, id, { name: "Cable cars" })));
    const lost = both.filter((one) => one.status === "rejected").map(({ reason }) => reason);
    expect(lost).toEqual([expect.objectContaining({ code: "conflict", field: "name" })]);
    await expect(changePolicy(ctx, "F-AAAAA-AAAAA", {})).rejects.toMatchObject({ code: "not_found" });
  });

  test("a device is put under another policy, and back", async () => {
    const ctx = await admin();
    const device = await factories.makeDevice(world().db);
    const policy = await addPolicy(ctx, { name: "Buses" });
    await assignPolicy(ctx, { deviceId: device.id, policyId: policy.id });
    await expectCustodyEvent(world().db, {
      action: "device.policy_changed",
      deviceId: device.id,
      details: { from: null, to: policy.id },
    });
    expect((await getPolicy(ctx, policy.id)).devices).toHaveLength(1);
    const unknown = { deviceId: device.id, policyId: "F-AAAAA-AAAAA" };
    await expect(assignPolicy(ctx, unknown)).rejects.toMatchObject({ code: "invalid_input", field: "policyId" });
    expect(await assignPolicy(ctx, { deviceId: device.id, policyId: "F-00000-00000" })).toEqual({ policyId: null });
    const nobody = { deviceId: "D-AAAAA-AAAAA", policyId: null };
    await expect(assignPolicy(ctx, nobody)).rejects.toMatchObject({ code: "not_found" });
  });

  test("only administrators change them, and officers and auditors read them", async () => {
    const { db } = world();
    for (const make of [factories.makeOfficer, factories.makeAuditor]) {
      const ctx = world().context(await make(db));
      const [policy] = await listPolicies(ctx);
      expect((await getPolicy(ctx, policy?.id ?? "")).can.change).toMatch(/administrators/);
      await expect(addPolicy(ctx, { name: "Mine" })).rejects.toMatchObject({ code: "forbidden" });
      await expect(changePolicy(ctx, policy?.id ?? "", {})).rejects.toMatchObject({ code: "forbidden" });
      await expect(assignPolicy(ctx, { deviceId: "x", policyId: null })).rejects.toMatchObject({ code: "forbidden" });
    }
    await expectCustodyEvent(db, {
      action: "access.refused",
      outcome: "refused",
      details: { permission: "devices.change" },
    });
    const requester = world().context(await factories.makeRequester(db));
    await expect(listPolicies(requester)).rejects.toMatchObject({ code: "forbidden" });
  });
});
