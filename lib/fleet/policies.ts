import type { Context, Database, Transaction } from "../context.ts";
import { notFound } from "../errors.ts";
import { requireId } from "../input.ts";
import { authoriseOperator, roleMay } from "../people/index.ts";
import { deviceSettingsSchema } from "../protocol/index.ts";
import type { PolicyDetail, PolicyRow } from "./types.ts";

type Row = Omit<PolicyRow, "settings"> & { settings: unknown };

/** Policies with what they say now. A setting that is newer than a version of theirs is as it is built in. */
async function readPolicies(db: Database | Transaction): Promise<PolicyRow[]> {
  const rows = await db.$queryRaw<Row[]>`
    SELECT p.id, p.name, p.is_default AS "isDefault", v.version, v.created_at AS "changedAt", v.settings,
           v.silent_after_seconds AS "silentAfterSeconds", v.key_max_age_days AS "keyMaxAgeDays",
           (SELECT count(*)::int FROM device d WHERE d.state <> 'revoked'
              AND (d.policy_id = p.id OR (p.is_default AND d.policy_id IS NULL))) AS "deviceCount"
      FROM device_policy p
      JOIN LATERAL (SELECT * FROM device_policy_version WHERE policy_id = p.id ORDER BY version DESC LIMIT 1) v ON true
     ORDER BY p.is_default DESC, p.name`;
  return rows.map((row) => ({ ...row, settings: deviceSettingsSchema.parse(row.settings) }));
}

/**
 * All policies with what they say now: the default one first, then by name.
 *
 * @throws AppError unauthenticated, forbidden
 */
export async function listPolicies(ctx: Context): Promise<PolicyRow[]> {
  await authoriseOperator(ctx, "devices.list");
  return readPolicies(ctx.db);
}

/** @throws AppError not_found */
export async function findPolicy(db: Database | Transaction, policyId: string): Promise<PolicyRow> {
  const found = (await readPolicies(db)).find(({ id }) => id === policyId);
  if (found === undefined) throw notFound("policy");
  return found;
}

/**
 * One policy with its earlier versions and the devices that it holds for.
 *
 * @throws AppError unauthenticated, forbidden, not_found
 */
export async function getPolicy(ctx: Context, id: string): Promise<PolicyDetail> {
  const actor = await authoriseOperator(ctx, "devices.list");
  const row = await findPolicy(ctx.db, requireId("policy", id));
  const versions = await ctx.db.devicePolicyVersion.findMany({
    where: { policyId: row.id },
    orderBy: { version: "desc" },
    take: 100,
    omit: { policyId: true },
  });
  const devices = await ctx.db.$queryRaw<PolicyDetail["devices"]>`
    SELECT d.id, d.name, (h.summary->>'configVersion')::float8 AS applied, h.summary->>'configProblem' AS problem
      FROM device d LEFT JOIN device_heartbeat h ON h.device_id = d.id
     WHERE d.state <> 'revoked' AND (d.policy_id = ${row.id} OR (${row.isDefault} AND d.policy_id IS NULL))
     ORDER BY d.name`;
  const mayChange = actor.kind === "system" || roleMay(actor.role, "devices.change");
  return {
    ...row,
    versions: versions.map((version) => ({ ...version, settings: deviceSettingsSchema.parse(version.settings) })),
    devices,
    can: { change: mayChange ? null : "Only administrators change policies." },
  };
}
