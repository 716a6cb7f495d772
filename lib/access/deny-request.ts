import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { parseInput } from "../input.ts";
import { authorise } from "../people/index.ts";
import { denialReasons } from "./denial-reasons.ts";
import { refuseDeny } from "./facts.ts";
import { changeRequest, factsOf, lockRequest, must, transact } from "./internal.ts";
import { type DenyRequest, denyRequestSchema } from "./schemas.ts";
import { voidApprovals } from "./void-approvals.ts";

/**
 * An officer denies a request, with a reason from the list and words of their own; the requester reads both.
 *
 * @throws AppError not_found, own_request, state_conflict
 */
export async function denyRequest(ctx: Context, input: DenyRequest): Promise<void> {
  const person = await authorise(ctx, "requests.deny");
  const { requestId, reason, text } = parseInput(denyRequestSchema, input);
  await transact(ctx, async (tx) => {
    const request = await lockRequest(tx, person, requestId);
    must(refuseDeny(person, factsOf(request)));
    await voidApprovals(ctx, tx, request.id, request.approvals, "The request was denied.");
    await changeRequest(tx, request, {
      state: "denied",
      denialReason: `${denialReasons[reason]}. ${text}`,
      endedAt: ctx.clock.now(),
    });
    await recordEvent(ctx, tx, {
      action: "request.denied",
      requestId: request.id,
      purpose: text,
      details: { reason },
    });
  });
}
