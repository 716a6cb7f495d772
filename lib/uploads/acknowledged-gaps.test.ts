import { describe, expect, test } from "vitest";
import { acknowledgeGap, getDevice, withdrawGapAcknowledgement } from "../devices/index.ts";
import { getFleetDevice, listDeviceAlarms } from "../fleet/index.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../testing/index.ts";
import { recordStatement } from "./index.ts";

describe("numbers of a device that are missing for good", () => {
  const world = useTestDatabase();
  const admin = async () => world().context(await factories.makeAdmin(world().db));

  const makeSigner = () => factories.makeSigner(world().db);
  type Signer = Awaited<ReturnType<typeof makeSigner>>;

  async function send({ id, name }: Signer, statement: string) {
    await recordStatement(world().context({ kind: "device", deviceId: id, name }), statement);
  }
  /** Brings links with these numbers. */
  async function bring(signer: Signer, ...sequences: number[]) {
    for (const sequence of sequences) await send(signer, signer.state(sequence));
  }
  const viewOf = async ({ id }: { id: string }) => (await getDevice(await admin(), id)).manifests;
  const alarmOf = async ({ id }: { id: string }) =>
    (await listDeviceAlarms(world().context()))
      .filter(({ device }) => device.id === id)
      .map(({ sentence }) => sentence);

  test("are acknowledged with a reason, alarm nobody any more, and stay on the device's page", async () => {
    const { db, clock } = world();
    const device = await makeSigner();
    await bring(device, 1, 5, 8);
    expect((await viewOf(device))?.gaps).toEqual([
      { first: 6, last: 7 },
      { first: 2, last: 4 },
    ]);
    const ctx = await admin();
    const { id, numbers } = await acknowledgeGap(ctx, {
      deviceId: device.id,
      numbers: "1 – 5, 90",
      reason: " The card died. ",
    });
    expect(numbers).toBe("2-4");
    await expectCustodyEvent(db, {
      action: "device.gap_acknowledged",
      deviceId: device.id,
      details: { acknowledgementId: id, numbers: "2-4", reason: "The card died." },
    });
    expect(await viewOf(device)).toMatchObject({
      gaps: [{ first: 6, last: 7 }],
      acknowledged: [
        {
          ...{ id, ranges: [{ first: 2, last: 4 }], missing: 3, reason: "The card died." },
          ...{ acknowledgedBy: ctx.actor.kind === "person" ? ctx.actor.name : "", acknowledgedAt: clock.now() },
        },
      ],
    });
    expect(await alarmOf(device)).toEqual(["2 numbers of its chain are missing without a word why."]);
    expect((await getFleetDevice(ctx, device.id)).received.missing).toBe(2);
    await acknowledgeGap(ctx, { deviceId: device.id, numbers: "6-7", reason: "It too." });
    expect(await alarmOf(device)).toEqual([]);
    expect((await getDevice(ctx, device.id)).can.acknowledgeGap).toContain("No number is missing");
    // What goes missing later alarms by itself.
    await bring(device, 11);
    expect(await alarmOf(device)).toEqual(["2 numbers of its chain are missing without a word why."]);
    expect((await viewOf(device))?.gaps).toEqual([{ first: 9, last: 10 }]);
  });

  test("that come after all, or are explained, are told to custody and counted", async () => {
    const { db } = world();
    const device = await makeSigner();
    await bring(device, 6);
    const { id } = await acknowledgeGap(await admin(), { deviceId: device.id, numbers: "1-5", reason: "Lost." });
    await bring(device, 3);
    const about = { action: "device.missing_arrived", deviceId: device.id } as const;
    await expectCustodyEvent(db, { ...about, details: { acknowledgementId: id, sequence: 3 } });
    const of = { sequence: 4, manifestSha256: "c".repeat(64) };
    const file = { sha256: "d".repeat(64), sizeBytes: 1, fileName: "a.mp4" };
    await send(device, device.state(9, { kind: "tombstone", of, reason: "evicted", ...file }));
    await expectCustodyEvent(db, { ...about, details: { acknowledgementId: id, sequence: 4 } });
    expect(await db.custodyEvent.count({ where: { action: "device.missing_arrived", deviceId: device.id } })).toBe(2);
    expect((await viewOf(device))?.acknowledged).toMatchObject([{ id, missing: 3 }]);
    expect((await viewOf(device))?.gaps).toEqual([{ first: 7, last: 8 }]);
    expect(await alarmOf(device)).toEqual(["2 numbers of its chain are missing without a word why."]);
  });

  test("alarm again when the acknowledgement is withdrawn, once", async () => {
    const { db } = world();
    const device = await makeSigner();
    await bring(device, 1, 4);
    const ctx = await admin();
    const { id } = await acknowledgeGap(ctx, { deviceId: device.id, numbers: "2,3", reason: "Lost." });
    expect(await alarmOf(device)).toEqual([]);
    await withdrawGapAcknowledgement(ctx, { id, reason: "The wrong van." });
    await expectCustodyEvent(db, {
      action: "device.gap_acknowledgement_withdrawn",
      deviceId: device.id,
      details: { acknowledgementId: id, reason: "The wrong van." },
    });
    expect(await alarmOf(device)).toEqual(["2 numbers of its chain are missing without a word why."]);
    expect(await viewOf(device)).toMatchObject({ gaps: [{ first: 2, last: 3 }], acknowledged: [] });
    // What was withdrawn has no say any more: a number that comes is no surprise, and the other may be acknowledged.
    await bring(device, 2);
    expect(await db.custodyEvent.count({ where: { action: "device.missing_arrived", deviceId: device.id } })).toBe(0);
    const again = acknowledgeGap(ctx, { deviceId: device.id, numbers: "2-3", reason: "It was this van." });
    expect(await again).toMatchObject({ numbers: "3" });
    await expect(withdrawGapAcknowledgement(ctx, { id, reason: "Again." })).rejects.toMatchObject({
      code: "state_conflict",
    });
    await expect(withdrawGapAcknowledgement(ctx, { id: "N-00000-00000", reason: "x" })).rejects.toMatchObject({
      code: "not_found",
    });
  });

  test("of two who acknowledge them at once, one does and the other learns that nothing is left", async () => {
    const device = await makeSigner();
    await bring(device, 1, 4);
    const ctx = await admin();
    const act = () => acknowledgeGap(ctx, { deviceId: device.id, numbers: "2-3", reason: "Lost." });
    const both = await Promise.allSettled([act(), act()]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(both.find((one) => one.status === "rejected")?.reason).toMatchObject({ code: "state_conflict" });
  });

  test("are not pushed out of sight by many small acknowledgements", async () => {
    const { db } = world();
    const device = await makeSigner();
    await bring(device, 1, 90);
    const ctx = await admin();
    const { id } = await acknowledgeGap(ctx, { deviceId: device.id, numbers: "2", reason: "The one that matters." });
    await db.$executeRaw`
      INSERT INTO acknowledged_gap (id, device_id, numbers, reason, acknowledged_by, acknowledged_at)
      SELECT id || n, device_id, int8multirange(int8range(n, n + 1)), 'Lost.', acknowledged_by,
             acknowledged_at + interval '1 hour' FROM acknowledged_gap, generate_series(3, 70) n WHERE id = ${id}`;
    const view = await viewOf(device);
    expect(view?.acknowledged).toHaveLength(69);
    expect(view?.acknowledged.at(-1)).toMatchObject({ id, missing: 1 });
  });

  test("a withdrawal comes wholly before or after what the device brings, so that lists count both", async () => {
    const { db } = world();
    const device = await makeSigner();
    await bring(device, 1, 4);
    const ctx = await admin();
    const { id } = await acknowledgeGap(ctx, { deviceId: device.id, numbers: "2-3", reason: "Lost." });
    expect(await alarmOf(device)).toEqual([]);
    const both = await db.$transaction(async (tx) => {
      // As what a device brings does: it holds the device while number 2 comes.
      await tx.$queryRaw`SELECT 1 FROM device WHERE id = ${device.id} FOR NO KEY UPDATE`;
      await tx.$executeRaw`
        INSERT INTO chain_statement (statement_sha256, device_id, kid, sequence, previous_sha256, chain, kind, facts, jws,
                                     received_at)
        SELECT sha256('2'), device_id, kid, 2, previous_sha256, 'in_order', kind, facts, jws, received_at
          FROM chain_statement WHERE device_id = ${device.id} AND sequence = 4`;
      let isOver = false;
      const withdrawn = withdrawGapAcknowledgement(ctx, { id, reason: "x" }).finally(() => {
        isOver = true;
      });
      for (let waiting = 0; waiting === 0 && !isOver; ) {
        const [row] = await tx.$queryRaw<{ waiting: number }[]>`
          SELECT count(*)::int AS waiting FROM pg_stat_activity
           WHERE datname = current_database() AND wait_event_type = 'Lock'`;
        waiting = row?.waiting ?? 0;
      }
      await alarmOf(device);
      return { withdrawn };
    });
    await both.withdrawn;
    expect(await alarmOf(device)).toEqual(["1 number of its chain is missing without a word why."]);
  });

  test.each([
    ["", "numbers"],
    ["two", "numbers"],
    ["4-2", "numbers"],
    ["0-3", "numbers"],
    ["2,", null],
    ["1", "state_conflict"],
    ["4-900", "state_conflict"],
    ["4-999999999999999", "state_conflict"],
    ["2, 999999999999999", null],
    ["2-3-4", "numbers"],
    ["1000000000000000", "numbers"],
  ])("%j is refused for %s", async (numbers, wrong) => {
    const device = await makeSigner();
    await bring(device, 1, 4);
    const act = acknowledgeGap(await admin(), { deviceId: device.id, numbers, reason: "Lost." });
    if (wrong === null) await expect(act).resolves.toMatchObject({ numbers: "2" });
    else if (wrong === "numbers") await expect(act).rejects.toMatchObject({ code: "invalid_input", field: "numbers" });
    else await expect(act).rejects.toMatchObject({ code: "state_conflict" });
  });

  test("are acknowledged by administrators alone, with a reason, of a device that is there", async () => {
    const { db } = world();
    const device = await makeSigner();
    await bring(device, 1, 4);
    const officer = world().context(await factories.makeOfficer(db));
    const input = { deviceId: device.id, numbers: "2", reason: "Lost." };
    await expect(acknowledgeGap(officer, input)).rejects.toMatchObject({ code: "forbidden" });
    await expectCustodyEvent(db, { action: "access.refused", outcome: "refused" });
    const ctx = await admin();
    const { id } = await acknowledgeGap(ctx, input);
    await expect(withdrawGapAcknowledgement(officer, { id, reason: "x" })).rejects.toMatchObject({ code: "forbidden" });
    expect((await getDevice(officer, device.id)).can).toMatchObject({
      acknowledgeGap: "Only administrators change devices.",
      withdrawGapAcknowledgement: "Only administrators change devices.",
    });
    await expect(acknowledgeGap(ctx, { ...input, reason: " " })).rejects.toMatchObject({ field: "reason" });
    await expect(withdrawGapAcknowledgement(ctx, { id, reason: "" })).rejects.toMatchObject({ field: "reason" });
    await expect(acknowledgeGap(ctx, { ...input, deviceId: "D-00000-00000" })).rejects.toMatchObject({
      code: "not_found",
    });
  });
});
