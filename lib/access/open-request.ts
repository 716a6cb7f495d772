import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { parseInput } from "../input.ts";
import { authorise } from "../people/index.ts";
import { refuseOpen } from "./facts.ts";
import { changeRequest, factsOf, lockRequest, must, transact } from "./internal.ts";
import { type OpenRequest, openRequestSchema } from "./schemas.ts";

/**
 * An officer takes a submitted request up.
 *
 * @throws AppError not_found, own_request, state_conflict
 */
export async function openRequest(ctx: Context, input: OpenRequest): Promise<void> {
  const person = await authorise(ctx, "requests.review");
  const { requestId } = parseInput(openRequestSchema, input);
  await transact(ctx, async (tx) => {
    const request = await lockRequest(tx, person, requestId);
    must(refuseOpen(person, factsOf(request)));
    await changeRequest(tx, request, { state: "in_review" });
    await recordEvent(ctx, tx, { action: "request.opened", requestId: request.id });
  });
}
