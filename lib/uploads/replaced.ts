import type { Context } from "../context.ts";
import { isAppError } from "../errors.ts";
import { requireDevice, uploadGone } from "./internal.ts";

/**
 * Makes the 404 of an upload that another one took the place of a 410, for its own device. Asked only when there is no
 * such upload, so that it costs the others nothing.
 */
export function goneIfReplaced(ctx: Context, uploadId: string): (error: unknown) => Promise<never> {
  return async (error) => {
    if (!isAppError(error) || error.code !== "not_found") throw error;
    const { deviceId } = requireDevice(ctx);
    const count = await ctx.db.replacedUpload.count({ where: { id: uploadId, deviceId } });
    throw count === 0 ? error : uploadGone();
  };
}
