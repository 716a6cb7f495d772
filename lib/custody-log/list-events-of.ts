import type { Context } from "../context.ts";
import { notFound } from "../errors.ts";
import { requireId } from "../input.ts";
import { authorise, authoriseOperator } from "../people/index.ts";
import { toEventRow } from "./row.ts";
import type { CustodyEventRow } from "./types.ts";

/** Most events of one feed. The log with a filter by subject has the rest. */
const feedLimit = 1000;

/**
 * The chain of custody of one recording or one request, oldest first: its newest thousand events.
 *
 * @throws AppError unauthenticated, forbidden, not_found
 */
export async function listEventsOf(
  ctx: Context,
  subject: { recordingId: string } | { requestId: string },
): Promise<CustodyEventRow[]> {
  const where = "recordingId" in subject ? await recording(ctx, subject) : await request(ctx, subject);
  const events = await ctx.db.custodyEvent.findMany({ where, orderBy: { seq: "desc" }, take: feedLimit });
  return events.reverse().map(toEventRow);
}

async function recording(ctx: Context, subject: { recordingId: string }) {
  await authoriseOperator(ctx, "recordings.custody");
  const recordingId = requireId("recording", subject.recordingId);
  if ((await ctx.db.recording.count({ where: { id: recordingId } })) === 0) throw notFound("recording");
  return { recordingId };
}

/** A requester follows their own request by its states, not by who in the archive did what. */
async function request(ctx: Context, subject: { requestId: string }) {
  await authorise(ctx, "custody.read");
  await authorise(ctx, "requests.read");
  const requestId = requireId("request", subject.requestId);
  if ((await ctx.db.request.count({ where: { id: requestId } })) === 0) throw notFound("request");
  return { requestId };
}
