import { describe, expect, test } from "vitest";
import { expectCustodyEvent, factories, useTestDatabase } from "../testing/index.ts";
import { changeSetting, getSettings, listSettings } from "./index.ts";

describe("settings", () => {
  const world = useTestDatabase();

  test("have defaults, are changed by administrators, and custody keeps both values", async () => {
    const { db, context, clock } = world();
    const ctx = context(await factories.makeAdmin(db));
    expect(await getSettings(db)).toMatchObject({
      archiveName: "Strongroom",
      releaseDays: 14,
      orderMaxBytes: 20_971_520,
    });
    await changeSetting(ctx, { key: "releaseDays", value: "30" });
    expect((await getSettings(db)).releaseDays).toBe(30);
    await expectCustodyEvent(db, { action: "setting.changed", details: { key: "releaseDays", before: 14, after: 30 } });
    await changeSetting(ctx, { key: "releaseDays", value: 30 });
    expect(await db.custodyEvent.count({ where: { action: "setting.changed" } })).toBe(1);
    const row = (await listSettings(ctx)).find((setting) => setting.key === "releaseDays");
    expect(row).toMatchObject({ value: 30, fallback: 14, updatedAt: clock.now() });
  });

  test.each([
    ["releaseDays", "0"],
    ["releaseDays", "1.5"],
    ["releaseDays", ""],
    ["archiveName", " "],
    ["siteTimeZone", "Atlantis"],
    ["toString", "x"],
  ])("%s cannot be %j", async (key, value) => {
    const ctx = world().context(await factories.makeAdmin(world().db));
    await expect(changeSetting(ctx, { key, value })).rejects.toMatchObject({ code: "invalid_input" });
  });

  test("a stored value that is no longer valid is the default", async () => {
    const { db, clock } = world();
    await db.setting.create({ data: { key: "accessGrantHours", value: "many", updatedAt: clock.now() } });
    expect((await getSettings(db)).accessGrantHours).toBe(8);
  });

  test("officers neither read nor change them", async () => {
    const ctx = world().context(await factories.makeOfficer(world().db));
    await expect(listSettings(ctx)).rejects.toMatchObject({ code: "forbidden" });
    await expect(changeSetting(ctx, { key: "releaseDays", value: 1 })).rejects.toMatchObject({ code: "forbidden" });
    await expectCustodyEvent(world().db, { action: "access.refused", details: { permission: "settings.change" } });
  });
});
