import type { Context, Transaction } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError, notFound } from "../errors.ts";
import { parseInput, requireId } from "../input.ts";
import { authorise } from "../people/index.ts";
import { refuseMatch } from "./facts.ts";
import { changeRequest, factsOf, type LockedRequest, lockRequest, must, transact } from "./internal.ts";
import { maxDecisions } from "./limits.ts";
import { type DecideRecording, decideRecordingSchema } from "./schemas.ts";
import { voidApprovals } from "./void-approvals.ts";

async function requireSealed(tx: Transaction, recordingId: string): Promise<void> {
  const recording = await tx.recording.findUnique({ where: { id: recordingId }, select: { state: true } });
  if (recording?.state === "sealed") return;
  throw new AppError(
    "state_conflict",
    `Only a sealed recording can be included; this one is ${recording?.state ?? "unknown"}. Mark it unavailable instead.`,
    { field: "decision" },
  );
}

async function requireRoom(tx: Transaction, requestId: string): Promise<void> {
  if ((await tx.requestRecording.count({ where: { requestId } })) < maxDecisions) return;
  throw new AppError("conflict", `A request decides about at most ${maxDecisions} recordings.`);
}

/** What an approval approved is no longer so: it counts for nothing, and the request is in review again. */
async function backToReview(ctx: Context, tx: Transaction, request: LockedRequest): Promise<void> {
  await voidApprovals(ctx, tx, request.id, request.approvals, "The scope changed after the approval.");
  await changeRequest(tx, request, { state: "in_review" });
}

/**
 * An officer includes one recording, excludes it, or says that it is unavailable; the last two with a reason. A
 * change after the first approval voids that approval. The same decision again changes nothing.
 *
 * @throws AppError not_found, own_request, state_conflict, conflict
 */
export async function decideRecording(ctx: Context, input: DecideRecording): Promise<void> {
  const person = await authorise(ctx, "requests.review");
  const { requestId, recordingId, decision, ...rest } = parseInput(decideRecordingSchema, input);
  const reason = decision === "included" ? null : (rest.reason ?? null);
  await transact(ctx, async (tx) => {
    const request = await lockRequest(tx, person, requestId);
    must(refuseMatch(person, factsOf(request)));
    const id = requireId("recording", recordingId);
    if ((await tx.recording.count({ where: { id } })) === 0) throw notFound("recording");
    const key = { requestId_recordingId: { requestId: request.id, recordingId: id } };
    const before = await tx.requestRecording.findUnique({ where: key });
    if (before?.decision === decision && before.reason === reason) return;
    if (decision === "included") await requireSealed(tx, id);
    if (before === null) await requireRoom(tx, request.id);

    if (request.state === "approved") await backToReview(ctx, tx, request);
    else await changeRequest(tx, request, {});
    const decided = { decision, reason, decidedById: person.accountId, decidedAt: ctx.clock.now() };
    await tx.requestRecording.upsert({
      where: key,
      create: { requestId: request.id, recordingId: id, ...decided },
      update: decided,
    });
    await recordEvent(ctx, tx, {
      action: "request.matched",
      requestId: request.id,
      recordingId: id,
      ...(reason === null ? {} : { purpose: reason }),
      details: { decision, before: before?.decision ?? null },
    });
  });
}
