import type { RequestState } from "../../generated/prisma/client.ts";

/** Allowed transitions; the trigger request_state_transition in the database holds the same table. */
export const requestTransitions = {
  submitted: ["in_review", "denied", "withdrawn"],
  in_review: ["approved", "denied", "withdrawn"],
  // Back to review when the scope changes after the first approval, or the approver takes it back.
  approved: ["in_review", "released", "denied", "withdrawn"],
  released: ["closed", "expired"],
  closed: [],
  denied: [],
  withdrawn: [],
  expired: [],
} as const satisfies Record<RequestState, readonly RequestState[]>;
