import { describe, expect, test } from "vitest";
import { recordEvent } from "../custody/index.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "./index.ts";

describe("the test world", () => {
  const world = useTestDatabase();

  test("starts migrated and empty, and factories make things that the constraints allow", async () => {
    const { db } = world();
    expect(await db.account.count()).toBe(0);
    for (const state of ["receiving", "received", "sealed", "quarantined", "disposed"] as const) {
      expect((await factories.makeRecording(db, { state })).state).toBe(state);
    }
    const release = await factories.makeRelease(db);
    expect(release.recordings).toHaveLength(1);
    expect(await db.approval.count()).toBe(2);
  });

  test("finds a custody event by what it says, and says what there is otherwise", async () => {
    const { db, context, clock } = world();
    const officer = await factories.makeOfficer(db);
    const ctx = context(officer);
    await recordEvent(ctx, db, { action: "log.read", details: { rows: 3 }, purpose: "audit" });
    const event = await expectCustodyEvent(db, {
      action: "log.read",
      actorId: officer.accountId,
      details: { rows: 3 },
    });
    expect(event.at).toEqual(clock.now());
    await expect(expectCustodyEvent(db, { action: "log.read", purpose: "other" })).rejects.toThrow('"purpose":"audit"');
  });
});
