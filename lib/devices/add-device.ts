import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { isUniqueViolation } from "../database-errors.ts";
import { AppError } from "../errors.ts";
import { newId } from "../ids.ts";
import { parseInput } from "../input.ts";
import { authoriseOperator } from "../people/index.ts";
import { createToken } from "./internal.ts";
import { type DeviceInput, deviceInput } from "./schemas.ts";
import type { IssuedToken } from "./types.ts";

/**
 * Admits a device and issues its first token. The token is in the answer and nowhere else: the archive keeps
 * only its SHA-256.
 *
 * @throws AppError forbidden, invalid_input (name, alias, siteId), conflict when the name is taken
 */
export async function addDevice(ctx: Context, input: DeviceInput): Promise<IssuedToken> {
  await authoriseOperator(ctx, "devices.change");
  const { name, alias, siteId } = parseInput(deviceInput, input);
  const deviceId = newId("device");
  try {
    return await ctx.db.$transaction(async (tx) => {
      if (siteId !== null && (await tx.site.count({ where: { id: siteId } })) === 0)
        throw new AppError("invalid_input", "There is no such site.", { field: "siteId" });
      await tx.device.create({ data: { id: deviceId, name, alias, siteId, createdAt: ctx.clock.now() } });
      const issued = await createToken(ctx, tx, deviceId);
      await recordEvent(ctx, tx, { action: "device.added", deviceId, details: { name, alias, siteId } });
      await recordEvent(ctx, tx, { action: "device.token_issued", deviceId, details: { tokenId: issued.tokenId } });
      return issued;
    });
  } catch (error) {
    if (isUniqueViolation(error))
      throw new AppError("conflict", `There already is a device named ${name}.`, { field: "name" });
    throw error;
  }
}
