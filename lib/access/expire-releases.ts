import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError } from "../errors.ts";
import { changeRequest, transact } from "./internal.ts";

/**
 * Job `access.expire`: requests whose release ran out become `expired`. Bytes do not wait for it: every download
 * checks the date itself. Safe to run twice and beside itself: each request is its own guarded transaction.
 *
 * @returns how many requests expired
 * @throws AppError forbidden for anyone but the archive itself; AggregateError after the rest when some failed
 */
export async function expireReleases(ctx: Context): Promise<number> {
  if (ctx.actor.kind !== "system") throw new AppError("forbidden", "Only the archive itself does this.");
  const now = ctx.clock.now();
  const due = await ctx.db.request.findMany({
    where: { state: "released", release: { openUntil: { lte: now } } },
    select: { id: true },
    orderBy: { id: "asc" },
  });
  let expired = 0;
  const failures: unknown[] = [];
  for (const { id } of due) {
    try {
      if (await expireOne(ctx, id, now)) expired += 1;
    } catch (error) {
      // One that cannot be changed must not keep the others open on every screen; the job fails, and runs again.
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} of ${due.length} could not expire`);
  return expired;
}

async function expireOne(ctx: Context, requestId: string, now: Date): Promise<boolean> {
  return transact(ctx, async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM "request" WHERE "id" = ${requestId} FOR UPDATE`;
    const request = await tx.request.findFirst({
      where: { id: requestId, state: "released", release: { openUntil: { lte: now } } },
      include: { release: { include: { recordings: true } } },
    });
    if (!request?.release) return false;
    await changeRequest(tx, request, { state: "expired", endedAt: now });
    for (const { recordingId } of request.release.recordings) {
      await recordEvent(ctx, tx, {
        action: "release.expired",
        requestId,
        releaseId: request.release.id,
        recordingId,
        accountId: request.requesterId,
      });
    }
    return true;
  });
}
