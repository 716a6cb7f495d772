import type { Context } from "../context.ts";
import { type DeviceConfig, deviceSettingsSchema } from "../protocol/index.ts";
import { requireDevice } from "./require-device.ts";

/**
 * What the archive decides for the device that asks.
 *
 * @throws AppError unauthenticated
 */
export async function getDeviceConfig(ctx: Context): Promise<DeviceConfig> {
  const { deviceId } = requireDevice(ctx);
  const device = await ctx.db.device.findUniqueOrThrow({ where: { id: deviceId }, select: { policyId: true } });
  const policy = device.policyId === null ? { isDefault: true } : { id: device.policyId };
  const { version, settings } = await ctx.db.devicePolicyVersion.findFirstOrThrow({
    where: { policy },
    orderBy: { version: "desc" },
  });
  return { version, settings: deviceSettingsSchema.parse(settings) };
}
