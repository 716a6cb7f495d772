import type { Context, Transaction } from "../context.ts";
import { recordEvent } from "../custody/index.ts";

/**
 * Voids approvals in the transaction that makes them worthless, each with its custody event.
 *
 * @param why in words, kept as the event's purpose
 */
export async function voidApprovals(
  ctx: Context,
  tx: Transaction,
  requestId: string,
  approvals: readonly { id: string; approverId: string; ordinal: number }[],
  why: string,
): Promise<void> {
  for (const approval of approvals) {
    await tx.approval.update({
      where: { id: approval.id, voidedAt: null },
      data: { voidedAt: ctx.clock.now() },
    });
    await recordEvent(ctx, tx, {
      action: "request.approval_voided",
      requestId,
      accountId: approval.approverId,
      purpose: why,
      details: { approvalId: approval.id, ordinal: approval.ordinal },
    });
  }
}
