import type { Context } from "../context.ts";
import { parseInput } from "../input.ts";
import { authorise } from "../people/index.ts";
import { refuseWithdrawApproval } from "./facts.ts";
import { changeRequest, factsOf, lockRequest, must, transact } from "./internal.ts";
import { type WithdrawApproval, withdrawApprovalSchema } from "./schemas.ts";
import { voidApprovals } from "./void-approvals.ts";

/**
 * An officer takes their own first approval back while the second is still missing; the request is in review again.
 *
 * @throws AppError not_found, state_conflict
 */
export async function withdrawApproval(ctx: Context, input: WithdrawApproval): Promise<void> {
  const person = await authorise(ctx, "requests.approve");
  const { requestId } = parseInput(withdrawApprovalSchema, input);
  await transact(ctx, async (tx) => {
    const request = await lockRequest(tx, person, requestId);
    must(refuseWithdrawApproval(person, factsOf(request)));
    await voidApprovals(ctx, tx, request.id, request.approvals, "The approver took it back.");
    await changeRequest(tx, request, { state: "in_review" });
  });
}
