import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { requireId } from "../input.ts";
import { authoriseOperator } from "../people/index.ts";
import { createKey, whyUnchanged } from "./internal.ts";
import { readPublicKey } from "./read-public-key.ts";

/**
 * Registers one more public key, whose signatures a device's manifests may carry from now on. To change over without a
 * gap: new key first, old one revoked after.
 *
 * @throws AppError forbidden, not_found, invalid_input (key), conflict when the key is known, state_conflict when the
 *   device is revoked
 */
export async function addDeviceKey(ctx: Context, input: { deviceId: string; key: unknown }): Promise<{ kid: string }> {
  await authoriseOperator(ctx, "devices.change");
  const deviceId = requireId("device", input.deviceId);
  const jwk = readPublicKey(input.key);
  return ctx.db.$transaction(async (tx) => {
    // Locks the row, so that a revocation at the same moment comes wholly before or wholly after.
    const locked = await tx.$queryRaw<unknown[]>`
      SELECT 1 FROM device WHERE id = ${deviceId} AND state <> 'revoked' FOR UPDATE`;
    if (locked.length === 0) throw await whyUnchanged(tx, deviceId, "given a key");
    const kid = await createKey(ctx, tx, deviceId, jwk);
    await recordEvent(ctx, tx, { action: "device.key_added", deviceId, details: { kid } });
    return { kid };
  });
}
