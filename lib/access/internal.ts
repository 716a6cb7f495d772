import type { Prisma, RequestState } from "../../generated/prisma/client.ts";
import type { Context, Transaction } from "../context.ts";
import { AppError, notFound } from "../errors.ts";
import { requireId } from "../input.ts";
import type { Person } from "../people/index.ts";
import type { RequestFacts } from "./facts.ts";
import { requestTransitions } from "./states.ts";

/** What the facts of a request need from the database. */
export const factsInclude = {
  approvals: {
    where: { voidedAt: null },
    orderBy: { ordinal: "asc" },
    include: { approver: { select: { id: true, name: true, role: true, state: true } } },
  },
  recordings: {
    where: { decision: "included" },
    include: { recording: { select: { id: true, state: true, sha256: true } } },
  },
  release: true,
} as const satisfies Prisma.RequestInclude;

/** A request with what decides about its next step. */
export type LockedRequest = Prisma.RequestGetPayload<{ include: typeof factsInclude }>;

/** The same without the rest, for reads. */
type ReadForFacts = Pick<LockedRequest, "id" | "state" | "requesterId" | "approvals" | "recordings"> & {
  release: RequestFacts["release"];
};

/** Whether this person may know of a request at all: officers and auditors of all, requesters of their own. */
export function maySee(person: Person, request: { requesterId: string }): boolean {
  return person.role !== "requester" || person.accountId === request.requesterId;
}

/**
 * Locks one request for the rest of the transaction, so that competing decisions queue up, and reads it. Everything
 * that decides about the request goes through this lock; recordings and accounts come after it, never before.
 *
 * @throws AppError not_found, also for a request that the person may not know of
 */
export async function lockRequest(tx: Transaction, person: Person, requestId: string): Promise<LockedRequest> {
  const id = requireId("request", requestId);
  await tx.$queryRaw`SELECT 1 FROM "request" WHERE "id" = ${id} FOR UPDATE`;
  const request = await tx.request.findUnique({ where: { id }, include: factsInclude });
  if (request === null || !maySee(person, request)) throw notFound("request");
  return request;
}

/** The facts of a request as locked. An approval by someone who is no active officer any more counts for nothing. */
export function factsOf(request: ReadForFacts): RequestFacts {
  return {
    id: request.id,
    state: request.state,
    requesterId: request.requesterId,
    approverIds: request.approvals
      .filter(({ approver }) => approver.role === "officer" && approver.state === "active")
      .map(({ approverId }) => approverId),
    included: request.recordings.map(({ recording }) => ({ recordingId: recording.id, state: recording.state })),
    release: request.release,
  };
}

/** Throws the refusal, if there is one. */
export function must(refused: AppError | null): void {
  if (refused !== null) throw refused;
}

function isTransition(from: RequestState, to: RequestState): boolean {
  return (requestTransitions[from] as readonly RequestState[]).includes(to);
}

/**
 * Guarded change: along the table of transitions, and only while the row is still in the state and revision that
 * were read. A change that keeps the state names none.
 *
 * @throws AppError state_conflict when somebody else was faster
 */
export async function changeRequest(
  tx: Transaction,
  request: { id: string; state: LockedRequest["state"]; revision: number },
  data: { state?: RequestState; denialReason?: string; endedAt?: Date },
): Promise<void> {
  if (data.state !== undefined && data.state !== request.state && !isTransition(request.state, data.state)) {
    throw new AppError("internal", "A request cannot go that way.", { internal: `${request.state} to ${data.state}` });
  }
  const { count } = await tx.request.updateMany({
    where: { id: request.id, state: request.state, revision: request.revision },
    data: { ...data, revision: { increment: 1 } },
  });
  if (count !== 1) throw new AppError("state_conflict", "Somebody else changed this request just now. Look again.");
}

// Prisma's codes for a unique violation, for what triggers raise (restrict_violation arrives as the code of a
// foreign key), and for a deadlock or serialisation failure.
const guardCodes = new Set(["P2002", "P2003", "P2034"]);

/**
 * Runs a verb's transaction. The database's own guards (unique approvals, triggers) are the last line; when they
 * refuse, the caller reads an ordinary conflict and the log says which guard it was.
 */
export async function transact<T>(ctx: Context, work: (tx: Transaction) => Promise<T>): Promise<T> {
  try {
    return await ctx.db.$transaction(work);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && guardCodes.has(String(error.code)))) throw error;
    throw new AppError("state_conflict", "Somebody else decided about this request just now. Look again.", {
      internal: error.message,
      cause: error,
    });
  }
}
