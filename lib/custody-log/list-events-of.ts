import type { Prisma } from "../../generated/prisma/client.ts";
import type { Context } from "../context.ts";
import { custodyActions } from "../custody/index.ts";
import { notFound } from "../errors.ts";
import { requireId } from "../input.ts";
import { authorise, authoriseOperator } from "../people/index.ts";
import { toEventRow } from "./row.ts";
import type { CustodyEventRow } from "./types.ts";

/** Most events of one feed. The log with a filter by subject has the rest. */
const feedLimit = 1000;

/** What people and the archive did about a device or a policy; what a device did itself is in the log by its id. */
const managementActions = Object.entries(custodyActions)
  .filter(([, { group }]) => group === "devices")
  .map(([name]) => name);

/** What a feed is about. */
type FeedSubject = { recordingId: string } | { requestId: string } | { deviceId: string } | { policyId: string };

/**
 * The chain of custody of one recording or one request, or what was done about a device or a policy, oldest first: its
 * newest thousand events.
 *
 * @throws AppError unauthenticated, forbidden, not_found
 */
export async function listEventsOf(ctx: Context, subject: FeedSubject): Promise<CustodyEventRow[]> {
  const where = await conditionOf(ctx, subject);
  const events = await ctx.db.custodyEvent.findMany({ where, orderBy: { seq: "desc" }, take: feedLimit });
  return events.reverse().map(toEventRow);
}

async function conditionOf(ctx: Context, subject: FeedSubject): Promise<Prisma.CustodyEventWhereInput> {
  if ("recordingId" in subject) return recording(ctx, subject);
  if ("requestId" in subject) return request(ctx, subject);
  await authoriseOperator(ctx, "custody.read");
  const about =
    "deviceId" in subject
      ? { deviceId: requireId("device", subject.deviceId) }
      : { details: { path: ["policyId"], equals: requireId("policy", subject.policyId) } };
  return { ...about, action: { in: managementActions } };
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
