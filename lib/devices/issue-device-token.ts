import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { requireId } from "../input.ts";
import { authoriseOperator } from "../people/index.ts";
import { createToken, whyUnchanged } from "./internal.ts";
import type { IssuedToken } from "./types.ts";

/**
 * Issues one more token, so that a device can change over without a gap: new token first, old one revoked after.
 *
 * @throws AppError forbidden, not_found, state_conflict when the device is revoked
 */
export async function issueDeviceToken(ctx: Context, device: string): Promise<IssuedToken> {
  await authoriseOperator(ctx, "devices.change");
  const deviceId = requireId("device", device);
  return ctx.db.$transaction(async (tx) => {
    // Locks the row, so that a revocation at the same moment comes wholly before or wholly after.
    const locked = await tx.$queryRaw<unknown[]>`
      SELECT 1 FROM device WHERE id = ${deviceId} AND state <> 'revoked' FOR UPDATE`;
    if (locked.length === 0) throw await whyUnchanged(tx, deviceId, "given a token");
    const issued = await createToken(ctx, tx, deviceId);
    await recordEvent(ctx, tx, { action: "device.token_issued", deviceId, details: { tokenId: issued.tokenId } });
    return issued;
  });
}
