import type { Context } from "../context.ts";
import { moveDevice } from "./internal.ts";

/**
 * Lets a device in that has enrolled and waits for somebody to look at it.
 *
 * @throws AppError forbidden, not_found, state_conflict when it does not wait
 */
export async function approveDevice(ctx: Context, deviceId: string): Promise<void> {
  await moveDevice(ctx, deviceId, "active", "device.approved", "pending");
}

/**
 * Refuses a device that has enrolled and waits, for good.
 *
 * @throws AppError forbidden, not_found, state_conflict when it does not wait
 */
export async function refuseDevice(ctx: Context, deviceId: string): Promise<void> {
  await moveDevice(ctx, deviceId, "revoked", "device.refused", "pending");
}
