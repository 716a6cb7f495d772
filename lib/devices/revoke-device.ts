import type { Context } from "../context.ts";
import { moveDevice } from "./internal.ts";

/**
 * Refuses a device for good. Its recordings and custody stay; the same machine can be added again under
 * another name.
 *
 * @throws AppError forbidden, not_found, state_conflict
 */
export async function revokeDevice(ctx: Context, deviceId: string): Promise<void> {
  await moveDevice(ctx, deviceId, "revoked", "device.revoked");
}
