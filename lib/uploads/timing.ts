/** Durations that rule a writer, in milliseconds. */
export type WriterTiming = {
  /** How long a lease lasts without being renewed: after a kill -9 the next writer waits at most this long. */
  leaseMs: number;
  /** How often a writer renews its lease and looks whether somebody else wants it. */
  renewMs: number;
  /** A body that brings no byte for this long is ended. */
  idleMs: number;
  /** A writer this long without a byte gives way to a newer request: its client is gone. */
  giveWayMs: number;
  /** How long a request waits for another writer before it answers 423. */
  busyWaitMs: number;
  /** How often a slow body's bytes are committed inside a chunk. */
  checkpointMs: number;
};

/** What the server uses; a test may hurry. */
export const defaultTiming: WriterTiming = {
  leaseMs: 5_000,
  renewMs: 1_000,
  idleMs: 120_000,
  giveWayMs: 500,
  busyWaitMs: 2_500,
  checkpointMs: 5_000,
};
