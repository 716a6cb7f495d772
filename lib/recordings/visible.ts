import { Prisma } from "../../generated/prisma/client.ts";
import type { Context } from "../context.ts";
import { notFound } from "../errors.ts";
import { requireId } from "../input.ts";
import { authoriseOperator, type Person, type System } from "../people/index.ts";
import { type RecordingWithParts, recordingInclude } from "./row.ts";

/** Recordings of releases to `accountId` that are open at `now`: all that a requester may know of. */
export function releasedTo(accountId: string, now: Date): Prisma.RecordingWhereInput {
  return {
    releaseItems: {
      some: { release: { requesterId: accountId, withdrawnAt: null, openedAt: { lte: now }, openUntil: { gt: now } } },
    },
  };
}

/** The same as SQL, for a recording `r`. */
export function releasedToSql(accountId: string, now: Date): Prisma.Sql {
  return Prisma.sql`r.id IN (
    SELECT item.recording_id FROM release_recording item JOIN release l ON l.id = item.release_id
    WHERE l.requester_id = ${accountId} AND l.withdrawn_at IS NULL AND l.opened_at <= ${now} AND l.open_until > ${now})`;
}

/** Whether what this caller may know of is limited to what was released to them. */
export function seesReleasedOnly(actor: Person | System): actor is Person & { role: "requester" } {
  return actor.kind === "person" && actor.role === "requester";
}

/**
 * One recording that the caller may know of.
 *
 * @throws AppError unauthenticated, forbidden, not_found also for what a requester was not given
 */
export async function getVisible(
  ctx: Context,
  id: string,
): Promise<{ actor: Person | System; recording: RecordingWithParts }> {
  const actor = await authoriseOperator(ctx, "recordings.list");
  const recordingId = requireId("recording", id);
  const recording = await ctx.db.recording.findFirst({
    where: {
      id: recordingId,
      ...(seesReleasedOnly(actor) ? releasedTo(actor.accountId, ctx.clock.now()) : {}),
    },
    include: recordingInclude,
  });
  if (recording === null) throw notFound("recording");
  return { actor, recording };
}
