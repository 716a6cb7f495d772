import { Prisma } from "../../generated/prisma/client.ts";
import type { Database } from "../context.ts";
import type { Heartbeat } from "../protocol/index.ts";
import { type AlarmFacts, alarmsOf, isSilent, keyDueAt } from "./alarms.ts";
import { readChainTrouble } from "./chain-trouble.ts";
import type { FleetRow } from "./types.ts";

/** What a heartbeat says beside the files that it sends; as lib/protocol read it when it came. */
export type Summary = Omit<Heartbeat, "sending" | "next">;

type Found = Pick<FleetRow, "id" | "name" | "alias" | "state"> & {
  siteId: string | null;
  siteName: string | null;
  siteTimeZone: string | null;
  policyId: string;
  policyName: string;
  version: number;
  silentAfterSeconds: number;
  keyMaxAgeDays: number | null;
  keepFreeBytes: number | null;
  lastSeenAt: Date | null;
  heartbeatAt: Date | null;
  summary: Summary | null;
  kid: string | null;
  keyAt: Date | null;
  lastRecordingId: string | null;
  lastRecordingAt: Date | null;
  cloneSuspectedAt: Date | null;
};

/** Devices of the fleet by name, with what is wrong with them: all that are not revoked, or one in any state. */
export async function readFleet(db: Database, now: Date, deviceId: string | null = null): Promise<FleetRow[]> {
  const where = deviceId === null ? Prisma.sql`d.state <> 'revoked'` : Prisma.sql`d.id = ${deviceId}`;
  const rows = await db.$queryRaw<Found[]>`
    SELECT d.id, d.name, d.alias, d.state::text AS state, s.id AS "siteId", s.name AS "siteName", s.time_zone AS "siteTimeZone",
           p.id AS "policyId", p.name AS "policyName", v.version, v.silent_after_seconds AS "silentAfterSeconds",
           v.key_max_age_days AS "keyMaxAgeDays",
           CASE WHEN v.settings->'deletion'->>'policy' = 'after_receipt'
                THEN (v.settings->'deletion'->>'keepFreeBytes')::float8 END AS "keepFreeBytes", d.last_seen_at AS "lastSeenAt", h.received_at AS "heartbeatAt", h.summary,
           k.kid, k.created_at AS "keyAt", r.id AS "lastRecordingId", r.start_at AS "lastRecordingAt",
           d.clone_suspected_at AS "cloneSuspectedAt"
      FROM device d
      LEFT JOIN site s ON s.id = d.site_id
      JOIN device_policy p ON p.id = coalesce(d.policy_id, (SELECT id FROM device_policy WHERE is_default))
      JOIN LATERAL (SELECT * FROM device_policy_version WHERE policy_id = p.id ORDER BY version DESC LIMIT 1) v ON true
      LEFT JOIN device_heartbeat h ON h.device_id = d.id
      LEFT JOIN LATERAL (
        SELECT kid, created_at FROM device_key WHERE device_id = d.id AND revoked_at IS NULL
         ORDER BY created_at DESC, kid LIMIT 1) k ON true
      LEFT JOIN LATERAL (
        SELECT id, start_at FROM recording WHERE device_id = d.id ORDER BY start_at DESC, id DESC LIMIT 1) r ON true
     WHERE ${where}
     ORDER BY d.name`;
  const trouble = await readChainTrouble(db, deviceId);
  return rows.map((row) => {
    const facts = factsOf(row);
    const chain = trouble.get(row.id) ?? { gaps: [], forks: null };
    const known: AlarmFacts = { ...facts, ...chain, cloneSuspectedAt: row.cloneSuspectedAt };
    return { ...rowOf(row, facts), isSilent: isSilent(known, now), alarms: alarmsOf(known, now) };
  });
}

type Facts = Omit<AlarmFacts, "cloneSuspectedAt" | "forks" | "gaps">;

function factsOf(row: Found): Facts {
  const { summary, heartbeatAt } = row;
  return {
    state: row.state,
    lastContactAt: later(row.lastSeenAt, heartbeatAt),
    heartbeatAt,
    silentAfterSeconds: row.silentAfterSeconds,
    keepFreeBytes: row.keepFreeBytes,
    clock: summary?.clock ?? null,
    queue: heartbeatAt === null ? null : queueOf(summary, heartbeatAt),
    disk: summary?.disk ?? null,
    config: { version: row.version, applied: summary?.configVersion ?? null, problem: summary?.configProblem ?? null },
    key: keyOf(row),
  };
}

function keyOf({ kid, keyAt, keyMaxAgeDays }: Found): FleetRow["key"] {
  if (kid === null || keyAt === null) return null;
  return { kid, createdAt: keyAt, dueAt: keyDueAt(keyAt, keyMaxAgeDays) };
}

function rowOf(row: Found, facts: Facts): Omit<FleetRow, "isSilent" | "alarms"> {
  const { id, name, alias, state, siteId, siteName, siteTimeZone, lastRecordingId, lastRecordingAt, summary } = row;
  const { lastContactAt, heartbeatAt, clock, queue, disk, config, key } = facts;
  const isPlaced = siteId !== null && siteName !== null && siteTimeZone !== null;
  return {
    id,
    name,
    alias,
    state,
    site: isPlaced ? { id: siteId, name: siteName, timeZone: siteTimeZone } : null,
    policy: { id: row.policyId, name: row.policyName },
    lastContactAt,
    heartbeatAt,
    uploader: summary?.uploader ?? null,
    clock,
    queue,
    disk,
    waiting: summary?.waiting ? { reason: summary.waiting.reason, detail: summary.waiting.detail } : null,
    config,
    key,
    lastRecording:
      lastRecordingId === null || lastRecordingAt === null ? null : { id: lastRecordingId, startAt: lastRecordingAt },
  };
}

function later(one: Date | null, other: Date | null): Date | null {
  if (one === null || other === null) return one ?? other;
  return one > other ? one : other;
}

/** The queue with the age of its oldest file turned into a time of our clock: the device's may be years off. */
function queueOf(summary: Summary | null, heartbeatAt: Date): FleetRow["queue"] {
  const said = summary?.queue;
  if (said === undefined) return null;
  const { files, bytes, events, oldestAgeMs, oldestAt } = said;
  const offsetMs = summary?.clock?.offsetMs ?? null;
  const byClock = oldestAt === null || offsetMs === null ? null : new Date(new Date(oldestAt).getTime() - offsetMs);
  const byAge = oldestAgeMs === null ? null : new Date(heartbeatAt.getTime() - oldestAgeMs);
  const oldest = byAge ?? byClock;
  // Nothing that a device reckons may lie in the future, nor before time began.
  const isSound = oldest !== null && oldest <= heartbeatAt && oldest.getTime() > 0;
  return { files, bytes, events, oldestAt: isSound ? oldest : null };
}
