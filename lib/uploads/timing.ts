/** What rules a writer: durations in milliseconds, and how slow its client may be. */
export type WriterTiming = {
  /** How long a lease lasts without being renewed: after a kill -9 the next writer waits at most this long. */
  leaseMs: number;
  /** How often a writer renews its lease and looks whether somebody else wants it. */
  renewMs: number;
  /** A body that brings no byte for this long is ended. */
  idleMs: number;
  /** A body that brings fewer than `slowBytes` in so long is ended. */
  slowMs: number;
  slowBytes: number;
  /** A writer is not ended for a newer request in its first moments, so that every turn brings the upload on. */
  holdMs: number;
  /** A writer this long without a byte is silent: its client may be gone. */
  silentMs: number;
  /** How long a request waits for another writer before it answers 423. */
  busyWaitMs: number;
  /** How often a request that waits looks for itself, in case it missed the news. */
  lookMs: number;
  /** How long HEAD waits for a silent writer to promise what it has. */
  headWaitMs: number;
  /** How often a slow body's bytes are committed inside a chunk. */
  checkpointMs: number;
};

/** What the server uses; a test may hurry. */
export const defaultTiming: WriterTiming = {
  leaseMs: 5_000,
  renewMs: 1_000,
  idleMs: 120_000,
  slowMs: 60_000,
  slowBytes: 256 * 60,
  holdMs: 100,
  silentMs: 500,
  busyWaitMs: 2_500,
  lookMs: 250,
  headWaitMs: 150,
  checkpointMs: 5_000,
};
