import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError, notFound } from "../errors.ts";
import { parseInput, requireId } from "../input.ts";
import { authorise } from "../people/index.ts";
import { refuseWithdrawRelease } from "./facts.ts";
import { changeRequest, factsOf, lockRequest, must, transact } from "./internal.ts";
import { type WithdrawRelease, withdrawReleaseSchema } from "./schemas.ts";

/**
 * An officer ends a release at once: the next byte asked for is refused. A request that was still `released` is
 * closed with it.
 *
 * @throws AppError not_found, state_conflict when it has ended already
 */
export async function withdrawRelease(ctx: Context, input: WithdrawRelease): Promise<void> {
  const person = await authorise(ctx, "releases.withdraw");
  const { releaseId, reason } = parseInput(withdrawReleaseSchema, input);
  const id = requireId("release", releaseId);
  const known = await ctx.db.release.findUnique({ where: { id }, include: { recordings: true } });
  if (known === null) throw notFound("release");
  await transact(ctx, async (tx) => {
    const request = await lockRequest(tx, person, known.requestId);
    const now = ctx.clock.now();
    must(refuseWithdrawRelease(person, factsOf(request), now));
    const { count } = await tx.release.updateMany({
      where: { id: known.id, withdrawnAt: null },
      data: { withdrawnAt: now, withdrawnById: person.accountId, withdrawReason: reason },
    });
    if (count !== 1) throw new AppError("state_conflict", "The release was withdrawn already.");
    for (const { recordingId } of known.recordings) {
      await recordEvent(ctx, tx, {
        action: "release.withdrawn",
        requestId: request.id,
        releaseId: known.id,
        recordingId,
        accountId: request.requesterId,
        purpose: reason,
      });
    }
    if (request.state !== "released") return;
    await changeRequest(tx, request, { state: "closed", endedAt: now });
    await recordEvent(ctx, tx, {
      action: "request.closed",
      requestId: request.id,
      details: { releaseWithdrawn: true },
    });
  });
}
