import type { Context } from "../context.ts";
import { authoriseOperator } from "../people/index.ts";
import { readFleet } from "./read-fleet.ts";
import type { DeviceAlarmRow, FleetRow } from "./types.ts";

/**
 * All devices that are not revoked, by name: how they are, and what is wrong with them.
 *
 * @throws AppError unauthenticated, forbidden
 */
export async function listFleet(ctx: Context): Promise<FleetRow[]> {
  await authoriseOperator(ctx, "devices.list");
  return readFleet(ctx.db, ctx.clock.now());
}

/**
 * All that is wrong in the fleet now: what is urgent first, then by device. Looking changes nothing and is no event.
 *
 * @throws AppError unauthenticated, forbidden
 */
export async function listDeviceAlarms(ctx: Context): Promise<DeviceAlarmRow[]> {
  const rows = await listFleet(ctx);
  const all = rows.flatMap(({ id, name, site, alarms }) =>
    alarms.map((alarm) => ({
      ...alarm,
      device: { id, name, site: site === null ? null : { id: site.id, name: site.name } },
    })),
  );
  return [...all.filter(({ weight }) => weight === "urgent"), ...all.filter(({ weight }) => weight !== "urgent")];
}
