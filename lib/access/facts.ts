import type { RecordingState, RequestState } from "../../generated/prisma/client.ts";
import { AppError } from "../errors.ts";
import { type Permission, type Person, roleMay } from "../people/index.ts";
import type { RequestCan } from "./types.ts";

/** What decides which step of a request may be taken, as read in one transaction. */
export type RequestFacts = {
  id: string;
  state: RequestState;
  requesterId: string;
  /** Approvals that count: not voided, by officers who are still active. */
  approverIds: string[];
  included: { recordingId: string; state: RecordingState }[];
  release: { withdrawnAt: Date | null; openUntil: Date } | null;
};

const pastWords: Record<RequestState, string> = {
  submitted: "has not been taken up yet",
  in_review: "is in review",
  approved: "has its first approval",
  released: "is released",
  closed: "is closed",
  denied: "was denied",
  withdrawn: "was withdrawn by its requester",
  expired: "is over: its release ran out",
};

function wrongState(request: RequestFacts, hint = ""): AppError {
  return new AppError("state_conflict", `This request ${pastWords[request.state]}${hint}.`);
}

function role(person: Person, permission: Permission): AppError | null {
  return roleMay(person.role, permission) ? null : new AppError("forbidden", "Your role does not allow this.");
}

function ownRequest(person: Person, request: RequestFacts): AppError | null {
  if (person.accountId !== request.requesterId) return null;
  return new AppError("own_request", "You asked for this yourself, so others must decide about it.");
}

function inState(request: RequestFacts, states: readonly RequestState[]): AppError | null {
  if (states.includes(request.state)) return null;
  return wrongState(request, request.state === "submitted" ? "; take it up first" : "");
}

/** Why this person cannot take the request up; null: they can. The same holds for the functions below. */
export function refuseOpen(person: Person, request: RequestFacts): AppError | null {
  return role(person, "requests.review") ?? ownRequest(person, request) ?? inState(request, ["submitted"]);
}

export function refuseMatch(person: Person, request: RequestFacts): AppError | null {
  return role(person, "requests.review") ?? ownRequest(person, request) ?? inState(request, ["in_review", "approved"]);
}

export function refuseApprove(person: Person, request: RequestFacts): AppError | null {
  const refused =
    role(person, "requests.approve") ?? ownRequest(person, request) ?? inState(request, ["in_review", "approved"]);
  if (refused) return refused;
  if (request.approverIds.includes(person.accountId)) {
    return new AppError(
      "already_approved",
      "You approved it already. A second, different officer must approve it too.",
    );
  }
  if (request.included.length === 0) return new AppError("state_conflict", "Include at least one recording first.");
  const lost = request.included.find((item) => item.state !== "sealed");
  if (lost) {
    return new AppError(
      "state_conflict",
      `${lost.recordingId} is ${lost.state} now, and only sealed recordings can be released.`,
    );
  }
  return null;
}

export function refuseWithdrawApproval(person: Person, request: RequestFacts): AppError | null {
  const refused = role(person, "requests.approve") ?? inState(request, ["approved"]);
  if (refused || request.approverIds.includes(person.accountId)) return refused;
  return new AppError("state_conflict", "You gave no approval that could be taken back.");
}

export function refuseDeny(person: Person, request: RequestFacts): AppError | null {
  return (
    role(person, "requests.deny") ??
    ownRequest(person, request) ??
    inState(request, ["submitted", "in_review", "approved"])
  );
}

export function refuseWithdraw(person: Person, request: RequestFacts): AppError | null {
  if (person.accountId !== request.requesterId) {
    return new AppError("forbidden", "Only the person who asked can withdraw the request.");
  }
  return role(person, "requests.withdraw") ?? inState(request, ["submitted", "in_review", "approved"]);
}

export function refuseWithdrawRelease(person: Person, request: RequestFacts, now: Date): AppError | null {
  const refused = role(person, "releases.withdraw");
  if (refused) return refused;
  if (request.release === null) return new AppError("state_conflict", "Nothing was released.");
  if (request.release.withdrawnAt !== null) return new AppError("state_conflict", "The release was withdrawn already.");
  if (request.release.openUntil <= now) return new AppError("state_conflict", "The release has run out already.");
  return null;
}

export function refuseClose(person: Person, request: RequestFacts): AppError | null {
  return role(person, "requests.close") ?? inState(request, ["released"]);
}

/** The answers of all the functions above, in words, for buttons. */
export function requestCan(person: Person, request: RequestFacts, now: Date): RequestCan {
  const words = (refused: AppError | null) => refused?.message ?? null;
  return {
    open: words(refuseOpen(person, request)),
    match: words(refuseMatch(person, request)),
    approve: words(refuseApprove(person, request)),
    withdrawApproval: words(refuseWithdrawApproval(person, request)),
    deny: words(refuseDeny(person, request)),
    withdraw: words(refuseWithdraw(person, request)),
    withdrawRelease: words(refuseWithdrawRelease(person, request, now)),
    close: words(refuseClose(person, request)),
  };
}
