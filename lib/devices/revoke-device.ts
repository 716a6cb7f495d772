import { z } from "zod";
import type { DeviceState } from "../../generated/prisma/client.ts";
import type { Context, Transaction } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError, notFound } from "../errors.ts";
import { moment, optionalLine, parseInput, requireId } from "../input.ts";
import { authoriseOperator } from "../people/index.ts";
import { endWanted, whyUnchanged } from "./internal.ts";

const revocation = z.object({
  /** What it brought from then on is not believed and goes to quarantine; null: all is. */
  untrustedSince: moment.nullish(),
  /** In words, for custody; null or missing: none was given. */
  reason: optionalLine(300),
});
/** How a device is revoked. */
export type Revocation = z.input<typeof revocation>;

type Row = { state: DeviceState; untrusted_since: Date | null };

/**
 * Refuses a device for good, from its next request on; a request that is sending ends within seconds. Its recordings,
 * its unfinished uploads and custody stay. With `untrustedSince`, as for a device that was stolen, what it brought from
 * then on is quarantined; that can also be said, or be set to an earlier time, when it is revoked already.
 *
 * @throws AppError forbidden, not_found, invalid_input (untrustedSince, reason), state_conflict
 */
export async function revokeDevice(ctx: Context, device: string, raw: Revocation = {}): Promise<void> {
  await authoriseOperator(ctx, "devices.change");
  const deviceId = requireId("device", device);
  const { untrustedSince = null, reason } = parseInput(revocation, raw);
  if (untrustedSince !== null && untrustedSince > ctx.clock.now())
    throw new AppError("invalid_input", "This time has not come yet.", { field: "untrustedSince" });
  await ctx.db.$transaction(async (tx) => {
    // FOR UPDATE, so that what is being sealed comes wholly before this or sees it.
    const [row] = await tx.$queryRaw<Row[]>`
      SELECT state::text AS state, untrusted_since FROM device WHERE id = ${deviceId} FOR UPDATE`;
    if (row === undefined) throw notFound("device");
    if (row.state === "revoked" && untrustedSince === null) throw await whyUnchanged(tx, deviceId, "revoked");
    if (row.state !== "revoked") await revoke(ctx, tx, deviceId, reason);
    if (untrustedSince !== null) await distrust(ctx, tx, deviceId, { since: untrustedSince, reason, row });
  });
}

async function revoke(ctx: Context, tx: Transaction, deviceId: string, reason: string | null): Promise<void> {
  await tx.device.update({ where: { id: deviceId }, data: { state: "revoked" } });
  const keptUploads = await tx.upload.count({ where: { deviceId, state: "open" } });
  await recordEvent(ctx, tx, {
    action: "device.revoked",
    deviceId,
    details: { keptUploads, ...(reason && { reason }) },
  });
  await endWanted(ctx, tx, deviceId);
}

async function distrust(
  ctx: Context,
  tx: Transaction,
  deviceId: string,
  { since, reason, row }: { since: Date; reason: string | null; row: Row },
): Promise<void> {
  if (row.untrusted_since !== null && row.untrusted_since <= since)
    throw new AppError("state_conflict", `It is untrusted since ${row.untrusted_since.toISOString()} already.`);
  await tx.device.update({ where: { id: deviceId }, data: { untrustedSince: since } });
  const details = { untrustedSince: since.toISOString(), ...(reason && { reason }) };
  await recordEvent(ctx, tx, { action: "device.distrusted", deviceId, details });
  await ctx.jobs.add(tx, "device.quarantine", { deviceId });
}
