import type { Context, Transaction } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError, isAppError } from "../errors.ts";
import { newId } from "../ids.ts";
import { parseInput, requireId } from "../input.ts";
import { authorise, type Person } from "../people/index.ts";
import { sha256HexOf } from "../protocol/index.ts";
import { refuseApprove } from "./facts.ts";
import { changeRequest, factsOf, type LockedRequest, lockRequest, must, transact } from "./internal.ts";
import { openRelease } from "./open-release.ts";
import { type ApproveRequest, approveRequestSchema } from "./schemas.ts";
import { scopeSha256 } from "./scope.ts";
import { voidApprovals } from "./void-approvals.ts";

/**
 * Locks who and what the approval is about until the commit, so that no recording is quarantined and no officer
 * disabled between our look and our word, and reads the request again under those locks.
 */
async function lockScope(tx: Transaction, person: Person, requestId: string): Promise<LockedRequest> {
  const { id } = await lockRequest(tx, person, requestId);
  await tx.$queryRaw`
    SELECT 1 FROM "account" WHERE "id" = ${person.accountId}
      OR "id" IN (SELECT "approver_id" FROM "approval" WHERE "request_id" = ${id} AND "voided_at" IS NULL)
    ORDER BY "id" FOR SHARE`;
  const self = await tx.account.findUnique({ where: { id: person.accountId }, select: { role: true, state: true } });
  if (self?.role !== "officer" || self.state !== "active") {
    throw new AppError("forbidden", "Your account may not approve any more.");
  }
  await tx.$queryRaw`
    SELECT 1 FROM "recording" WHERE "id" IN
      (SELECT "recording_id" FROM "request_recording" WHERE "request_id" = ${id} AND "decision" = 'included')
    ORDER BY "id" FOR SHARE`;
  return lockRequest(tx, person, id);
}

/** The digest of what is included now. */
function currentScope(request: LockedRequest): Buffer<ArrayBuffer> {
  return scopeSha256(
    request.recordings.map(({ recording }) => {
      if (recording.sha256 === null) throw new AppError("internal", "A sealed recording has no digest.");
      return { recordingId: recording.id, sha256: recording.sha256 };
    }),
  );
}

/** Approvals that do not count any more: over another scope, or by someone who is no active officer now. */
async function voidStale(ctx: Context, tx: Transaction, request: LockedRequest, scope: Buffer): Promise<number> {
  const counting = new Set(factsOf(request).approverIds);
  const isStale = (approval: LockedRequest["approvals"][number]) =>
    !counting.has(approval.approverId) || !scope.equals(approval.scopeSha256);
  const stale = request.approvals.filter(isStale);
  await voidApprovals(ctx, tx, request.id, stale, "The approver is no active officer any more, or the scope differs.");
  return request.approvals.length - stale.length;
}

/** An attempt to pass the rule is worth knowing of: it stays in custody although the approval's transaction is gone. */
async function recordAttempt(ctx: Context, requestId: string, error: unknown): Promise<void> {
  if (!isAppError(error) || (error.code !== "own_request" && error.code !== "already_approved")) return;
  const details = { permission: "requests.approve", reason: error.code };
  await transact(ctx, (tx) =>
    recordEvent(ctx, tx, { action: "access.refused", outcome: "refused", requestId, details }),
  );
}

/** The approval's place, and the release that the second one opened. */
type Approved = { ordinal: 1 | 2; releaseId: string | null };

async function approve(ctx: Context, tx: Transaction, person: Person, input: ApproveRequest): Promise<Approved> {
  const request = await lockScope(tx, person, input.requestId);
  must(refuseApprove(person, factsOf(request)));
  const scope = currentScope(request);
  if (sha256HexOf(scope) !== input.scopeSha256.toLowerCase()) {
    throw new AppError("state_conflict", "The scope is not what you saw any more. Look at it again.");
  }
  const ordinal = (await voidStale(ctx, tx, request, scope)) === 0 ? 1 : 2;
  await tx.approval.create({
    data: {
      id: newId("approval"),
      requestId: request.id,
      approverId: person.accountId,
      ordinal,
      scopeSha256: scope,
      approvedAt: ctx.clock.now(),
    },
  });
  await recordEvent(ctx, tx, {
    action: "request.approved",
    requestId: request.id,
    details: { ordinal, scopeSha256: sha256HexOf(scope), recordings: request.recordings.length },
  });
  await changeRequest(tx, request, { state: ordinal === 1 ? "approved" : "released" });
  return { ordinal, releaseId: ordinal === 1 ? null : await openRelease(ctx, tx, request, scope) };
}

/**
 * One officer's yes to exactly the scope they saw. The first makes the request `approved`; the second, by a
 * different officer, opens the release in the same transaction. Nobody approves their own request.
 *
 * @throws AppError not_found, own_request, already_approved, state_conflict (also when the scope is another now)
 */
export async function approveRequest(ctx: Context, input: ApproveRequest): Promise<Approved> {
  const person = await authorise(ctx, "requests.approve");
  const { requestId, scopeSha256: seen } = parseInput(approveRequestSchema, input);
  const wanted = { requestId: requireId("request", requestId), scopeSha256: seen };
  try {
    return await transact(ctx, (tx) => approve(ctx, tx, person, wanted));
  } catch (error) {
    await recordAttempt(ctx, wanted.requestId, error);
    throw error;
  }
}
