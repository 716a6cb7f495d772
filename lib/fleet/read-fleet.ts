import { coalesced } from "../coalesce.ts";
import type { Context } from "../context.ts";
import type { Heartbeat } from "../protocol/index.ts";
import type { Statement } from "../sql.ts";
import { type AlarmFacts, alarmsOf, isSilent, keyDueAt } from "./alarms.ts";
import { type ChainTrouble, readChainTrouble } from "./chain-trouble.ts";
import { conditionOf } from "./condition.ts";
import { readKeptChainTrouble } from "./kept-chain-trouble.ts";
import type { FleetOverview, FleetRow } from "./types.ts";

/** What a heartbeat says that lists and alarms look at; as lib/protocol read it when it came. */
type Member = "uploader" | "clock" | "queue" | "disk" | "waiting" | "configVersion" | "configProblem";
type Said = { [Name in Member]: Exclude<Heartbeat[Name], undefined> | null };

/** What a policy says now that lists and alarms look at. */
type Policy = {
  policyId: string;
  policyName: string;
  isDefault: boolean;
  version: number;
  silentAfterSeconds: number;
  keyMaxAgeDays: number | null;
  keepFreeBytes: number | null;
};

type Found = Policy &
  Pick<FleetRow, "id" | "name" | "alias" | "state"> & {
    siteId: string | null;
    siteName: string | null;
    siteTimeZone: string | null;
    /** Times in milliseconds since 1970. */
    lastSeenMs: number | null;
    heartbeatMs: number | null;
    kid: string | null;
    keyMs: number | null;
    cloneSuspectedMs: number | null;
    /** Null: it never sent a heartbeat. */
    said: Said | null;
  };

/** Members of `said`. */
const members: readonly Member[] = ["uploader", "clock", "queue", "disk", "waiting", "configVersion", "configProblem"];

const msOf = (column: string) => `(extract(epoch FROM ${column}) * 1000)::float8`;

/**
 * Devices by name, in any state: $1 names them; null: all. It knows no time, so that all who ask at once may share it,
 * and is one JSON value: to read thousands of rows column by column costs the driver more than the query the database.
 */
const readDevices: Statement = {
  name: "read_fleet",
  text: `
    WITH newest_key AS (
      SELECT DISTINCT ON (device_id) device_id, kid, created_at FROM device_key
       WHERE revoked_at IS NULL AND ($1::text[] IS NULL OR device_id = ANY($1)) ORDER BY device_id, created_at DESC, kid
    )
    SELECT coalesce(json_agg(found), '[]') AS rows FROM (
      SELECT d.id, d.name, d.alias, d.state, s.id AS "siteId", s.name AS "siteName", s.time_zone AS "siteTimeZone",
             d.policy_id AS "ownPolicyId", ${msOf("d.last_seen_at")} AS "lastSeenMs", ${msOf("h.received_at")} AS "heartbeatMs",
             CASE WHEN h.summary IS NOT NULL
                  THEN jsonb_build_object(${members.map((name) => `'${name}', h.summary->'${name}'`).join(", ")}) END AS said,
             k.kid, ${msOf("k.created_at")} AS "keyMs", ${msOf("d.clone_suspected_at")} AS "cloneSuspectedMs"
        FROM device d
        LEFT JOIN site s ON s.id = d.site_id
        LEFT JOIN device_heartbeat h ON h.device_id = d.id
        LEFT JOIN newest_key k ON k.device_id = d.id
       WHERE $1::text[] IS NULL OR d.id = ANY($1)
       ORDER BY d.name) found`,
};

const readPolicies: Statement = {
  name: "read_fleet_policies",
  text: `
    SELECT DISTINCT ON (p.id) p.id AS "policyId", p.name AS "policyName", p.is_default AS "isDefault", v.version,
           v.silent_after_seconds AS "silentAfterSeconds", v.key_max_age_days AS "keyMaxAgeDays",
           CASE WHEN v.settings->'deletion'->>'policy' = 'after_receipt'
                THEN (v.settings->'deletion'->>'keepFreeBytes')::float8 END AS "keepFreeBytes"
      FROM device_policy p JOIN device_policy_version v ON v.policy_id = p.id ORDER BY p.id, v.version DESC`,
};

// The few policies are laid over the devices here: "its own, or else the default" is a join that the planner takes for
// a rare one, and then looks up every device by itself.
async function readRows(ctx: Context, deviceIds: readonly string[] | null): Promise<Found[]> {
  type Device = Omit<Found, keyof Policy> & { ownPolicyId: string | null };
  const [answer] = await ctx.sql<{ rows: Device[] }>(readDevices, [deviceIds]);
  // Behind the devices, so that one which is new is known: a device whose policy is not would be in no list.
  const policies = await ctx.sql<Policy>(readPolicies, []);
  const byId = new Map(policies.map((policy) => [policy.policyId, policy]));
  const usual = policies.find(({ isDefault }) => isDefault);
  return (answer?.rows ?? []).flatMap(({ ownPolicyId, ...row }) => {
    const policy = ownPolicyId === null ? usual : byId.get(ownPolicyId);
    return policy === undefined ? [] : [{ ...row, ...policy }];
  });
}

type Read = { rows: Found[]; trouble: Map<string, ChainTrouble> };

// However many look at the fleet, it is read once at a time.
const readAll = coalesced<Context, Context["db"], Read>(
  async (ctx) => {
    const [rows, trouble] = await Promise.all([readRows(ctx, null), readKeptChainTrouble(ctx.db)]);
    return { rows, trouble };
  },
  ({ db }) => db,
);

/** All devices by name, in any state, with what is wrong with them. */
export async function readFleet(ctx: Context): Promise<FleetOverview[]> {
  const { rows, trouble } = await readAll(ctx);
  return rows.map((row) => overviewOf(row, trouble.get(row.id), ctx.clock.now()));
}

/** One device in any state; undefined: there is none. */
export async function readFleetDevice(ctx: Context, deviceId: string): Promise<FleetRow | undefined> {
  const [row] = await readRows(ctx, [deviceId]);
  if (row === undefined) return undefined;
  const trouble = (await readChainTrouble(ctx.db, [deviceId])).get(deviceId);
  const [whole] = await withLastRecording(ctx, [overviewOf(row, trouble, ctx.clock.now())]);
  return whole;
}

const readLastRecordings: Statement = {
  name: "read_last_recordings",
  text: `
    SELECT d.id AS "deviceId", r.id, r.start_at AS "startAt" FROM unnest($1::text[]) d(id)
     CROSS JOIN LATERAL (SELECT id, start_at FROM recording WHERE device_id = d.id ORDER BY start_at DESC, id DESC LIMIT 1) r`,
};

type LastRecording = { deviceId: string; id: string; startAt: Date };

/** The same rows with the newest recording of each. */
export async function withLastRecording(ctx: Context, rows: readonly FleetOverview[]): Promise<FleetRow[]> {
  const found = await ctx.sql<LastRecording>(readLastRecordings, [rows.map(({ id }) => id)]);
  const last = new Map(found.map(({ deviceId, ...recording }) => [deviceId, recording]));
  return rows.map((row) => ({ ...row, lastRecording: last.get(row.id) ?? null }));
}

function overviewOf(row: Found, chain: ChainTrouble | undefined, now: Date): FleetOverview {
  const facts = factsOf(row);
  const known: AlarmFacts = {
    ...facts,
    ...(chain ?? { gaps: [], forks: null }),
    cloneSuspectedAt: dateOf(row.cloneSuspectedMs),
  };
  const whole = { ...rowOf(row, facts), isSilent: isSilent(known, now), alarms: alarmsOf(known, now) };
  return { ...whole, condition: conditionOf(whole) };
}

type Facts = Omit<AlarmFacts, "cloneSuspectedAt" | "forks" | "gaps">;

function factsOf(row: Found): Facts {
  const { said } = row;
  const heartbeatAt = dateOf(row.heartbeatMs);
  return {
    state: row.state,
    lastContactAt: later(dateOf(row.lastSeenMs), heartbeatAt),
    heartbeatAt,
    silentAfterSeconds: row.silentAfterSeconds,
    keepFreeBytes: row.keepFreeBytes,
    clock: said?.clock ?? null,
    queue: said?.queue && heartbeatAt ? queueOf(said.queue, said.clock, heartbeatAt) : null,
    disk: said?.disk ?? null,
    config: { version: row.version, applied: said?.configVersion ?? null, problem: said?.configProblem ?? null },
    key: keyOf(row),
  };
}

const dateOf = (ms: number | null) => (ms === null ? null : new Date(ms));

function keyOf({ kid, keyMs, keyMaxAgeDays }: Found): FleetRow["key"] {
  const keyAt = dateOf(keyMs);
  if (kid === null || keyAt === null) return null;
  return { kid, createdAt: keyAt, dueAt: keyDueAt(keyAt, keyMaxAgeDays) };
}

function rowOf(row: Found, facts: Facts): Omit<FleetOverview, "isSilent" | "alarms" | "condition"> {
  const { id, name, alias, state, siteId, siteName, siteTimeZone, said } = row;
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
    uploader: said?.uploader ?? null,
    clock,
    queue,
    disk,
    waiting: said?.waiting ? { reason: said.waiting.reason, detail: said.waiting.detail } : null,
    config,
    key,
  };
}

function later(one: Date | null, other: Date | null): Date | null {
  if (one === null || other === null) return one ?? other;
  return one > other ? one : other;
}

/** The queue with the age of its oldest file turned into a time of our clock: the device's may be years off. */
function queueOf(said: NonNullable<Heartbeat["queue"]>, clock: Said["clock"], heartbeatAt: Date): FleetRow["queue"] {
  const { files, bytes, events, oldestAgeMs, oldestAt } = said;
  const offsetMs = clock?.offsetMs ?? null;
  const byClock = oldestAt === null || offsetMs === null ? null : new Date(new Date(oldestAt).getTime() - offsetMs);
  const byAge = oldestAgeMs === null ? null : new Date(heartbeatAt.getTime() - oldestAgeMs);
  const oldest = byAge ?? byClock;
  // Nothing that a device reckons may lie in the future, nor before time began.
  const isSound = oldest !== null && oldest <= heartbeatAt && oldest.getTime() > 0;
  return { files, bytes, events, oldestAt: isSound ? oldest : null };
}
