import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError, notFound } from "../errors.ts";
import { requireId } from "../input.ts";
import { authoriseOperator } from "../people/index.ts";

/**
 * Withdraws an enrolment code for good. Devices that came with it stay.
 *
 * @throws AppError forbidden, not_found, state_conflict when it was revoked before
 */
export async function revokeEnrolmentCode(ctx: Context, code: string): Promise<void> {
  await authoriseOperator(ctx, "devices.change");
  const codeId = requireId("enrolment", code);
  await ctx.db.$transaction(async (tx) => {
    const { count } = await tx.enrolmentCode.updateMany({
      where: { id: codeId, revokedAt: null },
      data: { revokedAt: ctx.clock.now() },
    });
    if (count === 0 && (await tx.enrolmentCode.count({ where: { id: codeId } })) === 0) throw notFound("code");
    if (count === 0) throw new AppError("state_conflict", "This code is revoked already.");
    await recordEvent(ctx, tx, { action: "device.enrolment_code_revoked", details: { codeId } });
  });
}
