import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { isUniqueViolation } from "../database-errors.ts";
import { AppError } from "../errors.ts";
import { newId } from "../ids.ts";
import { parseInput } from "../input.ts";
import { authoriseOperator } from "../people/index.ts";
import { createKey, createToken } from "./internal.ts";
import { readPublicKey } from "./read-public-key.ts";
import { type DeviceInput, deviceInput } from "./schemas.ts";
import type { IssuedToken } from "./types.ts";

/**
 * Admits a device, registers its public key when it has one, and issues its first token. The token is in the answer and nowhere else: the archive keeps
 * only its SHA-256.
 *
 * @throws AppError forbidden, invalid_input (name, alias, siteId, key), conflict when the name is taken or the key known
 */
export async function addDevice(ctx: Context, input: DeviceInput): Promise<IssuedToken & { kid?: string }> {
  await authoriseOperator(ctx, "devices.change");
  const { name, alias, siteId } = parseInput(deviceInput, input);
  const jwk = input.key == null || input.key === "" ? null : readPublicKey(input.key);
  const deviceId = newId("device");
  try {
    return await ctx.db.$transaction(async (tx) => {
      if (siteId !== null && (await tx.site.count({ where: { id: siteId } })) === 0)
        throw new AppError("invalid_input", "There is no such site.", { field: "siteId" });
      await tx.device.create({ data: { id: deviceId, name, alias, siteId, createdAt: ctx.clock.now() } });
      const issued = await createToken(ctx, tx, deviceId);
      await recordEvent(ctx, tx, { action: "device.added", deviceId, details: { name, alias, siteId } });
      await recordEvent(ctx, tx, { action: "device.token_issued", deviceId, details: { tokenId: issued.tokenId } });
      if (jwk === null) return issued;
      const kid = await createKey(ctx, tx, deviceId, jwk);
      await recordEvent(ctx, tx, { action: "device.key_added", deviceId, details: { kid } });
      return { ...issued, kid };
    });
  } catch (error) {
    if (isUniqueViolation(error))
      throw new AppError("conflict", `There already is a device named ${name}.`, { field: "name" });
    throw error;
  }
}
