import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError, notFound } from "../errors.ts";
import { authoriseOperator } from "../people/index.ts";

/**
 * Refuses new manifests that are signed with a key, from the next one on. What it signed before stays proved by it.
 *
 * @throws AppError forbidden, not_found, state_conflict when it was revoked before
 */
export async function revokeDeviceKey(ctx: Context, kid: string): Promise<void> {
  await authoriseOperator(ctx, "devices.change");
  if (!/^[\w-]{43}$/.test(kid)) throw notFound("key");
  await ctx.db.$transaction(async (tx) => {
    const row = await tx.deviceKey.findUnique({ where: { kid }, select: { deviceId: true } });
    if (row === null) throw notFound("key");
    // What the device signs, and a key that hands over, holds this row too: a revocation comes wholly before or after.
    await tx.$queryRaw`SELECT 1 FROM device WHERE id = ${row.deviceId} FOR NO KEY UPDATE`;
    const { count } = await tx.deviceKey.updateMany({
      where: { kid, revokedAt: null },
      data: { revokedAt: ctx.clock.now() },
    });
    if (count === 0) throw new AppError("state_conflict", "This key is revoked already.");
    await recordEvent(ctx, tx, { action: "device.key_revoked", deviceId: row.deviceId, details: { kid } });
  });
}
