import { describe, expect, test } from "vitest";
import { factories, useTestDatabase } from "../testing/index.ts";
import { getFleetDevice, listDeviceAlarms } from "./index.ts";

describe("trouble in the numbers of a fleet", () => {
  const world = useTestDatabase();

  /** Links whose numbers say something is wrong, without the recordings that they would announce. */
  async function link(deviceId: string, chain: "gap" | "fork", sequences: string) {
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
        [wild.id, "500 numbers of its chain are missing without a word why."],
        [other.id, "7 numbers of its chain are missing without a word why."],
        [other.id, "It signed 1 number that contradicts what it signed before."],
      ]),
    );
    expect(said).toHaveLength(3);
    expect((await getFleetDevice(world().context(), gone.id)).received.missing).toBe(6);
  });
});
