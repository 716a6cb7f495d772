import { beforeAll, describe, expect, test } from "vitest";
import { followKeys, formatKeySet, type KeyPurpose, parseKeySet } from "../protocol/index.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../testing/index.ts";
import { openVault } from "../vault.ts";
import { ensureSigningKeys, publicKeys, rotateSigningKey } from "./index.ts";

describe("the succession of the archive's keys", () => {
  const world = useTestDatabase();
  beforeAll(() => ensureSigningKeys(world().context(), "archive.example/api/log"));

  /** As a device reads them. */
  const published = async () => parseKeySet(JSON.parse(JSON.stringify(formatKeySet(await publicKeys(world().db)))));
  const rotate = async (purpose: KeyPurpose, isLost = false, vault = world().context().vault) => {
    world().clock.advance(1000);
    return (await rotateSigningKey(world().context(undefined, { vault }), { purpose, isLost })).kid;
  };

  test("who trusts the first keys follows every rotation, and no lost key", async () => {
    const { db } = world();
    const pinned = await published();
    expect(pinned.map(({ endorsement }) => endorsement)).toEqual([null, null]);
    const receipt = await rotate("receipt");
    await expectCustodyEvent(db, { action: "key.rotated", details: { kid: receipt, isEndorsed: true } });
    await rotate("receipt");
    await rotate("log");
    const trusted = followKeys(pinned, await published());
    expect(trusted.map(({ kid }) => kid).sort()).toEqual((await published()).map(({ kid }) => kid).sort());
    expect(
      trusted
        .filter(({ retiredAt }) => retiredAt === null)
        .map(({ purpose }) => purpose)
        .sort(),
    ).toEqual(["log", "receipt"]);
    const lost = await rotate("receipt", true, openVault("another secret, as the right one is lost"));
    await expectCustodyEvent(db, { action: "key.rotated", details: { kid: lost, isLost: true, isEndorsed: false } });
    expect(followKeys(trusted, await published()).map(({ kid }) => kid)).not.toContain(lost);
    const officer = world().context(await factories.makeOfficer(db));
    await expect(rotateSigningKey(officer, { purpose: "log" })).rejects.toMatchObject({ code: "forbidden" });
  });
});
