import type { DeviceState } from "../../generated/prisma/client.ts";
import type { Database } from "../context.ts";

/** What operators watch of the whole fleet. */
export type FleetFigures = {
  byState: Record<DeviceState, number>;
  /** Active devices that were not heard for longer than their policy says. */
  silent: number;
  /** How long the oldest file waits that a device has and no receipt for; 0: none does. */
  oldestUnreceiptedSeconds: number;
};

const none = { pending: 0, active: 0, suspended: 0, revoked: 0 } satisfies FleetFigures["byState"];
/** A device that says more is wrong about its clock. */
const longestSeconds = 10 * 365 * 86_400;

/** Counts the fleet, in two statements. */
export async function readFleetFigures(db: Database, now: Date): Promise<FleetFigures> {
  const states = await db.device.groupBy({ by: ["state"], _count: true });
  const [row] = await db.$queryRaw<{ silent: number; oldest: number }[]>`
    SELECT count(*) FILTER (WHERE ${now} - greatest(d.last_seen_at, h.received_at) > v.silent_after_seconds * interval '1 s')::int AS silent,
           coalesce(max(age.seconds) FILTER (WHERE age.seconds BETWEEN 0 AND ${longestSeconds}), 0)::float8 AS oldest
      FROM device d
      JOIN device_heartbeat h ON h.device_id = d.id
      JOIN LATERAL (SELECT silent_after_seconds FROM device_policy_version
                     WHERE policy_id = coalesce(d.policy_id, (SELECT id FROM device_policy WHERE is_default))
                     ORDER BY version DESC LIMIT 1) v ON true
      CROSS JOIN LATERAL (SELECT extract(epoch FROM ${now} - h.received_at)
                                 + (h.summary->'queue'->>'oldestAgeMs')::float8 / 1000 AS seconds) age
     WHERE d.state = 'active'`;
  return {
    byState: { ...none, ...Object.fromEntries(states.map(({ state, _count }) => [state, _count])) },
    silent: row?.silent ?? 0,
    oldestUnreceiptedSeconds: row?.oldest ?? 0,
  };
}
