import type { Prisma } from "../../generated/prisma/client.ts";
import type { Context, Transaction } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { isUniqueViolation } from "../database-errors.ts";
import { AppError, notFound } from "../errors.ts";
import { newId } from "../ids.ts";
import { parseInput, requireId } from "../input.ts";
import { authoriseOperator } from "../people/index.ts";
import { findPolicy } from "./policies.ts";
import {
  changeSettings,
  differences,
  type NewPolicyInput,
  newPolicyInput,
  type PolicyChangeInput,
  policyChangeInput,
  requireHeardInTime,
} from "./policy-input.ts";
import type { PolicyRow } from "./types.ts";

/**
 * Makes a policy.
 *
 * @throws AppError forbidden, invalid_input (name, silentAfterSeconds, settings.…), conflict (name)
 */
export async function addPolicy(ctx: Context, input: NewPolicyInput): Promise<PolicyRow> {
  await authoriseOperator(ctx, "devices.change");
  const { name, settings: change, ...rules } = parseInput(newPolicyInput, input);
  const settings = changeSettings({}, change);
  requireHeardInTime(rules.silentAfterSeconds, settings);
  const id = newId("policy");
  return ctx.db.$transaction(async (tx) => {
    const now = ctx.clock.now();
    const made = await tx.devicePolicy.createMany({ data: [{ id, name, createdAt: now }], skipDuplicates: true });
    if (made.count === 0) throw nameTaken();
    const { version } = await tx.devicePolicyVersion.create({
      data: { policyId: id, settings: settings as Prisma.InputJsonObject, ...rules, createdAt: now },
    });
    const details = { policyId: id, name, version, settings: settings as Prisma.InputJsonObject, ...rules };
    await recordEvent(ctx, tx, { action: "policy.created", details });
    return findPolicy(tx, id);
  });
}

function nameTaken(): AppError {
  return new AppError("conflict", "Another policy has this name.", { field: "name" });
}

/**
 * Changes a policy: what is left out stays. A change of what it says is a new version, which its devices hear of with
 * their next heartbeat; a change that changes nothing is none.
 *
 * @throws AppError forbidden, not_found, invalid_input (name, silentAfterSeconds, settings.…), conflict (name), state_conflict when
 *   somebody else changed it since `version`
 */
export async function changePolicy(ctx: Context, policy: string, input: PolicyChangeInput): Promise<PolicyRow> {
  await authoriseOperator(ctx, "devices.change");
  const policyId = requireId("policy", policy);
  const { name, settings: change, version: madeFrom, ...rules } = parseInput(policyChangeInput, input);
  const changed = ctx.db.$transaction(async (tx) => {
    // One change after the other, so that custody's "before" is true.
    await tx.$queryRaw`SELECT 1 FROM device_policy WHERE id = ${policyId} FOR UPDATE`;
    const before = await findPolicy(tx, policyId);
    if (madeFrom !== undefined && madeFrom !== before.version)
      throw new AppError("state_conflict", `${before.name} was changed meanwhile. Look at it again.`);
    const after = {
      name: name ?? before.name,
      settings: changeSettings(before.settings, change),
      silentAfterSeconds: rules.silentAfterSeconds ?? before.silentAfterSeconds,
      keyMaxAgeDays: rules.keyMaxAgeDays === undefined ? before.keyMaxAgeDays : rules.keyMaxAgeDays,
    };
    const pace = ({ silentAfterSeconds, settings }: Said) => `${silentAfterSeconds} ${settings.heartbeatSeconds}`;
    if (pace(after) !== pace(before)) requireHeardInTime(after.silentAfterSeconds, after.settings);
    await keepChange(ctx, tx, before, after);
    return findPolicy(tx, policyId);
  });
  // The index decides, so that of two who take one name at once the second hears so.
  return changed.catch((error: unknown) => {
    throw isUniqueViolation(error) ? nameTaken() : error;
  });
}

type Said = Pick<PolicyRow, "name" | "settings" | "silentAfterSeconds" | "keyMaxAgeDays">;

async function keepChange(ctx: Context, tx: Transaction, before: PolicyRow, after: Said): Promise<void> {
  const { name, ...says } = after;
  const { settings, silentAfterSeconds, keyMaxAgeDays } = before;
  const changed = differences({ name: before.name, settings, silentAfterSeconds, keyMaxAgeDays }, after);
  if (Object.keys(changed).length === 0) return;
  if (name !== before.name) {
    await tx.devicePolicy.update({ where: { id: before.id }, data: { name } });
  }
  let { version } = before;
  if (Object.keys(changed).some((path) => path !== "name")) {
    const data = { ...says, settings: says.settings as Prisma.InputJsonObject, createdAt: ctx.clock.now() };
    ({ version } = await tx.devicePolicyVersion.create({ data: { policyId: before.id, ...data } }));
  }
  const details = { policyId: before.id, name, version, changed: changed as Prisma.InputJsonObject };
  await recordEvent(ctx, tx, { action: "policy.changed", details });
}

/**
 * Puts a device under another policy, which it hears of with its next heartbeat.
 *
 * @param input.policyId null: the default one
 * @throws AppError forbidden, not_found, invalid_input (policyId)
 */
export async function assignPolicy(
  ctx: Context,
  input: { deviceId: string; policyId: string | null },
): Promise<{ policyId: string | null }> {
  await authoriseOperator(ctx, "devices.change");
  const deviceId = requireId("device", input.deviceId);
  const wanted = input.policyId === null ? null : requireId("policy", input.policyId);
  return ctx.db.$transaction(async (tx) => {
    const [device] = await tx.$queryRaw<{ policyId: string | null }[]>`
      SELECT policy_id AS "policyId" FROM device WHERE id = ${deviceId} FOR UPDATE`;
    if (device === undefined) throw notFound("device");
    const policy = wanted === null ? null : await tx.devicePolicy.findUnique({ where: { id: wanted } });
    if (wanted !== null && policy === null)
      throw new AppError("invalid_input", "There is no such policy.", { field: "policyId" });
    // The default one is no choice that must outlive another default.
    const policyId = policy?.isDefault === true ? null : wanted;
    if (policyId === device.policyId) return { policyId };
    await tx.device.update({ where: { id: deviceId }, data: { policyId } });
    await recordEvent(ctx, tx, {
      action: "device.policy_changed",
      deviceId,
      details: { from: device.policyId, to: policyId },
    });
    return { policyId };
  });
}
