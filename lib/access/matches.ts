import type { RequestState } from "../../generated/prisma/client.ts";
import type { Context } from "../context.ts";
import { notFound } from "../errors.ts";
import { parseInput, requireId } from "../input.ts";
import { authorise } from "../people/index.ts";
import { recordingInclude, toRecordingRow } from "../recordings/index.ts";
import { findCandidates } from "./candidates.ts";
import { type ListMatches, listMatchesSchema } from "./schemas.ts";
import type { Matches, MatchRow } from "./types.ts";

const undecided: readonly RequestState[] = ["submitted", "in_review", "approved"];

/**
 * Decided recordings and, as long as the request is not decided itself, undecided candidates, in order of start.
 * Checks nothing: callers do.
 */
export async function readMatches(
  ctx: Context,
  request: { id: string; state: RequestState },
  everywhere: boolean,
): Promise<Matches> {
  const requestId = request.id;
  const { ids, isComplete } = undecided.includes(request.state)
    ? await findCandidates(ctx.db, requestId, everywhere)
    : { ids: [], isComplete: true };
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
  const request = await ctx.db.request.findUnique({ where: { id }, select: { id: true, state: true } });
  if (request === null) throw notFound("request");
  return readMatches(ctx, request, everywhere);
}
