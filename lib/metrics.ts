/** What the domain counts. */
export type Counted =
  | "receivedBytes"
  | "leaseTakeOvers"
  | "leasesLeftBehind"
  | "sealedRecordings"
  | "sealedBytes"
  | "quarantinedRecordings"
  | "expiredUploads";

/** What the domain times. */
export type Timed = "sync" | "commit" | "leaseWait" | "seal";

/** What goes on for a while. */
export type Going = "patches";

/**
 * Where the domain says what happened, for graphs and alarms. It costs next to nothing, so it may stand in the path of
 * every PATCH; names and formats are the server's matter (server/monitor/).
 */
export type Metrics = {
  add(what: Counted, count?: number): void;
  /** How long something took, in milliseconds. */
  took(what: Timed, ms: number): void;
  /** Something begins (1) or ends (-1). */
  going(what: Going, step: 1 | -1): void;
};

/** Nobody looks: tests and commands. */
export const noMetrics: Metrics = { add: () => undefined, took: () => undefined, going: () => undefined };
