import { describe, expect, test } from "vitest";
import { acknowledgeGap, withdrawGapAcknowledgement } from "../devices/index.ts";
import { factories, useTestDatabase } from "../testing/index.ts";
import { getFleetDevice, listDeviceAlarms } from "./index.ts";

describe("trouble in the numbers of a fleet", () => {
  const world = useTestDatabase();

  /** Links whose numbers say something is wrong, without the recordings that they would announce. */
  async function link(deviceId: string, chain: "gap" | "fork" | "first", sequences: string) {
    await world().db.$transaction(async (tx) => {
      await tx.$executeRaw`SET LOCAL session_replication_role = replica`;
      await tx.$executeRaw`
        INSERT INTO manifest (manifest_sha256, recording_id, device_id, kid, sequence, chain, chunk_size_bytes,
                              chunk_sha256s, facts, jws, received_at)
        SELECT sha256((${deviceId}::text || n)::bytea), 'R', ${deviceId}, 'k', n, ${chain}::manifest_chain, 400000, '', '{}', '', now()
          FROM (SELECT unnest(${sequences}::int4multirange) AS part) parts, generate_series(lower(part), upper(part) - 1, 2) n`;
    });
  }

  test("a device that signs nonsense without end is looked at as far as it is needed, and hides no other", async () => {
    const [wild, other, gone] = [
      await factories.makeDevice(world().db),
      await factories.makeDevice(world().db),
      await factories.makeDevice(world().db),
    ];
    await link(wild.id, "gap", "{[2,4000)}");
    await link(other.id, "gap", "{[4,5),[9,10)}");
    await link(other.id, "fork", "{[10,11)}");
    await link(gone.id, "gap", "{[7,8)}");
    await world().db.device.update({ where: { id: gone.id }, data: { state: "revoked" } });
    const alarms = await listDeviceAlarms(world().context());
    const said = alarms.map(({ device, sentence }) => [device.id, sentence]);
    expect(said).toEqual(
      expect.arrayContaining([
        [wild.id, "At least 500 numbers of its chain are missing without a word why."],
        [other.id, "7 numbers of its chain are missing without a word why."],
        [other.id, "It signed 1 number that contradicts what it signed before."],
      ]),
    );
    expect(said).toHaveLength(3);
    expect((await getFleetDevice(world().context(), gone.id)).received.missing).toBe(6);
    const ctx = { ...world().context(), actor: await factories.makeAdmin(world().db) };
    const missingOfWild = async () => (await getFleetDevice(ctx, wild.id)).received.missing;
    expect(await missingOfWild()).toBe(1999);
    await acknowledgeGap(ctx, { deviceId: wild.id, numbers: "1-10", reason: "Its clock ran backwards." });
    expect(await missingOfWild()).toBe(1994);
  });

  test("a number that is missing for good stays seen, however many gaps come after it and are filled", async () => {
    const { id } = await factories.makeDevice(world().db);
    await link(id, "first", "{[1,2)}");
    await link(id, "gap", "{[3,4)}");
    // Events overtook what was before them 700 times, and it came.
    await link(id, "gap", "{[5,1405)}");
    await link(id, "first", "{[4,1404)}");
    const { received } = await getFleetDevice(world().context(), id);
    expect(received.missing).toBe(1);
  });

  test("what a list shows was counted once, and is counted anew as soon as something changes it", async () => {
    const { db, context } = world();
    const { id } = await factories.makeDevice(db);
    const said = async () =>
      (await listDeviceAlarms(context())).filter(({ device }) => device.id === id).map(({ sentence }) => sentence);
    const row = () => db.deviceChain.findUniqueOrThrow({ where: { deviceId: id } });
    await link(id, "gap", "{[5,6)}");
    expect(await said()).toEqual(["4 numbers of its chain are missing without a word why."]);
    expect(await row()).toMatchObject({
      changes: 1n,
      counted: 1n,
      trouble: { gaps: [{ first: 1, last: 4, missing: 4 }] },
    });
    expect(await said()).toEqual(["4 numbers of its chain are missing without a word why."]);
    expect((await row()).changes).toBe(1n);
    await link(id, "gap", "{[4,5)}");
    expect(await said()).toEqual(["3 numbers of its chain are missing without a word why."]);
    await link(id, "first", "{[1,2)}");
    expect(await said()).toEqual(["2 numbers of its chain are missing without a word why."]);
    const ctx = { ...context(), actor: await factories.makeAdmin(db) };
    const { id: gapId } = await acknowledgeGap(ctx, { deviceId: id, numbers: "2-3", reason: "The card was lost." });
    expect(await said()).toEqual([]);
    expect(await row()).toMatchObject({ changes: 4n, counted: 4n, trouble: null });
    await withdrawGapAcknowledgement(ctx, { id: gapId, reason: "It was found." });
    expect(await said()).toEqual(["2 numbers of its chain are missing without a word why."]);
    await db.$executeRaw`UPDATE manifest SET set_aside_at = now() WHERE device_id = ${id} AND sequence = 4`;
    expect(await said()).toEqual(["3 numbers of its chain are missing without a word why."]);
  });
});
