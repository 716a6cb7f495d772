import type { Context } from "../context.ts";
import { moveDevice } from "./internal.ts";

/**
 * Refuses a device from its next request on, until it is resumed. What it has sent stays.
 *
 * @throws AppError forbidden, not_found, state_conflict
 */
export async function suspendDevice(ctx: Context, deviceId: string): Promise<void> {
  await moveDevice(ctx, deviceId, "suspended", "device.suspended");
}
