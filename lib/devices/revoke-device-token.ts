import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError, notFound } from "../errors.ts";
import { requireId } from "../input.ts";
import { authoriseOperator } from "../people/index.ts";

/**
 * Withdraws one token for good, from the device's next request on.
 *
 * @throws AppError forbidden, not_found, state_conflict when it was revoked before
 */
export async function revokeDeviceToken(ctx: Context, token: string): Promise<void> {
  await authoriseOperator(ctx, "devices.change");
  const tokenId = requireId("token", token);
  await ctx.db.$transaction(async (tx) => {
    const { count } = await tx.deviceToken.updateMany({
      where: { id: tokenId, revokedAt: null },
      data: { revokedAt: ctx.clock.now() },
    });
    const row = await tx.deviceToken.findUnique({ where: { id: tokenId }, select: { deviceId: true } });
    if (row === null) throw notFound("token");
    if (count === 0) throw new AppError("state_conflict", "This token is revoked already.");
    await recordEvent(ctx, tx, { action: "device.token_revoked", deviceId: row.deviceId, details: { tokenId } });
  });
}
