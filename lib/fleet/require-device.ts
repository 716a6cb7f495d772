import type { Actor, Context } from "../context.ts";
import { AppError } from "../errors.ts";

/** A device that acts, and is known to be allowed in now. */
export type DeviceActor = Extract<Actor, { kind: "device" }>;

/**
 * First beat of what devices ask.
 *
 * @throws AppError unauthenticated
 */
export function requireDevice(ctx: Context): DeviceActor {
  if (ctx.actor.kind === "device" && ctx.actor.rememberedToken === undefined) return ctx.actor;
  throw new AppError("unauthenticated", "Only a device may ask this: send its token.");
}
