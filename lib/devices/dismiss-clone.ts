import { z } from "zod";
import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError, notFound } from "../errors.ts";
import { line, parseInput, requireId } from "../input.ts";
import { authoriseOperator } from "../people/index.ts";

/**
 * Takes the mark of a suspected clone off a device, as somebody has looked into it. The same two starts do not bring it
 * back, others do.
 *
 * @throws AppError forbidden, not_found, invalid_input (reason), state_conflict when nothing is suspected
 */
export async function dismissClone(ctx: Context, input: { deviceId: string; reason: unknown }): Promise<void> {
  await authoriseOperator(ctx, "devices.change");
  const deviceId = requireId("device", input.deviceId);
  const { reason } = parseInput(z.object({ reason: line(300) }), { reason: input.reason });
  await ctx.db.$transaction(async (tx) => {
    const { count } = await tx.device.updateMany({
      where: { id: deviceId, cloneSuspectedAt: { not: null } },
      data: { cloneSuspectedAt: null },
    });
    if (count === 0 && (await tx.device.count({ where: { id: deviceId } })) === 0) throw notFound("device");
    if (count === 0) throw new AppError("state_conflict", "Nothing of the kind is suspected of this device.");
    await recordEvent(ctx, tx, { action: "device.clone_dismissed", deviceId, details: { reason } });
  });
}
