import type { Context } from "../context.ts";
import type { CustodyAction } from "../custody/index.ts";
import { notFound } from "../errors.ts";
import { requireId } from "../input.ts";
import { authorise } from "../people/index.ts";
import { sha256HexOf } from "../protocol/index.ts";
import { requestCan } from "./facts.ts";
import { factsInclude, factsOf, maySee } from "./internal.ts";
import { readMatches } from "./matches.ts";
import { releaseInclude, toReleaseView } from "./release-view.ts";
import { requestInclude, toRequestRow } from "./request-row.ts";
import { scopeSha256 } from "./scope.ts";
import type { RequestDetail, RequestStep } from "./types.ts";

/** Acts that move a request; what a requester is told of its course. */
const stepActions = [
  "request.submitted",
  "request.opened",
  "request.approved",
  "request.approval_voided",
  "request.denied",
  "request.withdrawn",
  "release.opened",
  "release.withdrawn",
  "release.expired",
  "request.closed",
] as const satisfies readonly CustodyAction[];

async function readSteps(ctx: Context, requestId: string): Promise<RequestStep[]> {
  const events = await ctx.db.custodyEvent.findMany({
    where: { requestId, action: { in: [...stepActions] }, outcome: "done" },
    select: { action: true, at: true },
    orderBy: { seq: "asc" },
  });
  const steps = events as RequestStep[]; // the query names the actions
  // A release has an event per recording; the request took one step.
  return steps.filter((step, index) => step.action !== steps[index - 1]?.action || step.action === "request.approved");
}

/**
 * One request, whole: what was asked, what matches, who approved, what may be done next. A requester reads what
 * concerns them: no recordings before the release, and no officer's name.
 *
 * @throws AppError not_found, also for a request that the caller may not know of
 */
export async function getRequest(ctx: Context, requestId: string): Promise<RequestDetail> {
  const person = await authorise(ctx, "requests.read");
  const id = requireId("request", requestId);
  const request = await ctx.db.request.findUnique({
    where: { id },
    include: { ...requestInclude, ...factsInclude, release: { include: releaseInclude } },
  });
  if (request === null || !maySee(person, request)) throw notFound("request");
  const now = ctx.clock.now();
  const isInside = person.role !== "requester";
  const matches = isInside ? await readMatches(ctx, request, false) : { rows: [], isComplete: true };
  const approvals = isInside
    ? await ctx.db.approval.findMany({
        where: { requestId: id },
        include: { approver: { select: { id: true, name: true } } },
        orderBy: { approvedAt: "asc" },
      })
    : [];
  const row = toRequestRow(request, matches.rows.length);
  const orderRead = await ctx.db.custodyEvent.count({
    where: { requestId: id, action: "request.order_read", actorId: person.accountId },
  });
  return {
    ...row,
    includedCount: isInside ? row.includedCount : 0,
    revision: request.revision,
    order: {
      fileName: request.orderFileName,
      sizeBytes: request.orderSizeBytes,
      sha256: sha256HexOf(request.orderSha256),
      isReadByCaller: orderRead > 0,
    },
    denialReason: request.denialReason,
    endedAt: request.endedAt,
    steps: await readSteps(ctx, id),
    matches: matches.rows,
    isMatchesComplete: matches.isComplete,
    scopeSha256: isInside ? currentScope(request.recordings) : null,
    approvalsGiven: approvals.map((approval) => ({
      ordinal: approval.ordinal,
      approver: approval.approver,
      approvedAt: approval.approvedAt,
      scopeSha256: sha256HexOf(approval.scopeSha256),
      voidedAt: approval.voidedAt,
    })),
    release: request.release && toReleaseView(request.release, now),
    can: requestCan(person, factsOf(request), now),
  };
}

/** The digest an approval would name now; null when nothing is included, or something has no digest. */
function currentScope(included: readonly { recording: { id: string; sha256: Uint8Array | null } }[]): string | null {
  const items = included.flatMap(({ recording: { id, sha256 } }) => (sha256 ? [{ recordingId: id, sha256 }] : []));
  return items.length === 0 || items.length !== included.length ? null : sha256HexOf(scopeSha256(items));
}
