import type { Context } from "../context.ts";
import { notFound } from "../errors.ts";
import { parseInput, requireId } from "../input.ts";
import { authorise } from "../people/index.ts";
import { findCandidates } from "./candidates.ts";
import { recordingInclude, toRecordingRow } from "./recording-row.ts";
import { type ListMatches, listMatchesSchema } from "./schemas.ts";
import type { Matches, MatchRow } from "./types.ts";

/** Decided recordings and undecided candidates of one request, in order of start. Checks nothing: callers do. */
export async function readMatches(ctx: Context, requestId: string, everywhere: boolean): Promise<Matches> {
  const { ids, isComplete } = await findCandidates(ctx.db, requestId, everywhere);
  const decisions = await ctx.db.requestRecording.findMany({
    where: { requestId },
    include: { decidedBy: { select: { name: true } } },
  });
  const decided = new Map(decisions.map((decision) => [decision.recordingId, decision]));
  const recordings = await ctx.db.recording.findMany({
    where: { id: { in: [...new Set([...ids, ...decided.keys()])] } },
    include: recordingInclude,
    orderBy: [{ startAt: "asc" }, { id: "asc" }],
  });
  const rows: MatchRow[] = recordings.map((recording) => {
    const decision = decided.get(recording.id);
    return {
      recording: toRecordingRow(recording),
      decision: decision?.decision ?? null,
      reason: decision?.reason ?? null,
      decidedBy: decision?.decidedBy.name ?? null,
      decidedAt: decision?.decidedAt ?? null,
    };
  });
  return { rows, isComplete };
}

/**
 * What an officer can decide about in one request: recordings that overlap its interval, at its place or
 * everywhere, and those decided before.
 *
 * @throws AppError not_found
 */
export async function listMatches(ctx: Context, input: ListMatches): Promise<Matches> {
  await authorise(ctx, "requests.review");
  const { requestId, everywhere } = parseInput(listMatchesSchema, input);
  const id = requireId("request", requestId);
  if ((await ctx.db.request.count({ where: { id } })) === 0) throw notFound("request");
  return readMatches(ctx, id, everywhere);
}
