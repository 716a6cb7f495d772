import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { parseInput } from "../input.ts";
import { authorise } from "../people/index.ts";
import { refuseWithdraw } from "./facts.ts";
import { changeRequest, factsOf, lockRequest, must, transact } from "./internal.ts";
import { type WithdrawRequest, withdrawRequestSchema } from "./schemas.ts";
import { voidApprovals } from "./void-approvals.ts";

/**
 * The requester takes their request back, as long as nothing was released.
 *
 * @throws AppError not_found, state_conflict
 */
export async function withdrawRequest(ctx: Context, input: WithdrawRequest): Promise<void> {
  const person = await authorise(ctx, "requests.withdraw");
  const { requestId } = parseInput(withdrawRequestSchema, input);
  await transact(ctx, async (tx) => {
    const request = await lockRequest(tx, person, requestId);
    must(refuseWithdraw(person, factsOf(request)));
    await voidApprovals(ctx, tx, request.id, request.approvals, "The request was withdrawn.");
    await changeRequest(tx, request, { state: "withdrawn", endedAt: ctx.clock.now() });
    await recordEvent(ctx, tx, { action: "request.withdrawn", requestId: request.id });
  });
}
