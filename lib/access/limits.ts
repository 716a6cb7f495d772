/** Longest interval that one request may ask for. A route of several days fits; a year of a place does not. */
export const maxIntervalMs = 31 * 86_400_000;
/** Recordings that one request can decide about; keeps an approval's transaction short. */
export const maxDecisions = 500;
/** Candidates that one search for matches answers. */
export const maxMatches = 200;
/** Requests that one requester may send in 24 hours: more than anybody reads orders for, and too few to fill a disk. */
export const maxRequestsPerDay = 50;
