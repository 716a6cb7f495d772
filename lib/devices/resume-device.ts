import type { Context } from "../context.ts";
import { moveDevice } from "./internal.ts";

/**
 * Lets a suspended device in again, with the tokens it has.
 *
 * @throws AppError forbidden, not_found, state_conflict
 */
export async function resumeDevice(ctx: Context, deviceId: string): Promise<void> {
  await moveDevice(ctx, deviceId, "active", "device.resumed", "suspended");
}
