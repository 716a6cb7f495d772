import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { parseInput } from "../input.ts";
import { authorise } from "../people/index.ts";
import { refuseClose } from "./facts.ts";
import { changeRequest, factsOf, lockRequest, must, transact } from "./internal.ts";
import { type CloseRequest, closeRequestSchema } from "./schemas.ts";

/**
 * The requester confirms that they have what was released, or an officer closes the matter. The release itself
 * stays open until its date, so that a second download needs no new request.
 *
 * @throws AppError not_found, state_conflict
 */
export async function closeRequest(ctx: Context, input: CloseRequest): Promise<void> {
  const person = await authorise(ctx, "requests.close");
  const { requestId } = parseInput(closeRequestSchema, input);
  await transact(ctx, async (tx) => {
    const request = await lockRequest(tx, person, requestId);
    must(refuseClose(person, factsOf(request)));
    await changeRequest(tx, request, { state: "closed", endedAt: ctx.clock.now() });
    await recordEvent(ctx, tx, {
      action: "request.closed",
      requestId: request.id,
      details: { receiptConfirmed: person.accountId === request.requesterId },
    });
  });
}
