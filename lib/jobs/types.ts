import type { Transaction } from "../context.ts";

/** Work that must happen after an answer, by queue name, with its input. */
export type JobInputs = {
  /** Read a received recording back and seal or quarantine it. */
  "recording.seal": { recordingId: string };
  /** Put a file together from its parts. */
  "upload.assemble": { uploadId: string };
  /** Put custody events into the log's tree, and make the receipts that are due. */
  "log.sequence": Record<string, never>;
  /** End uploads that were abandoned. */
  "upload.expire": Record<string, never>;
  /** Quarantine what a device brought since it is not believed. */
  "device.quarantine": { deviceId: string };
  /** Remove what ended uploads and announcements that were cut off left in storage. */
  "storage.sweep": Record<string, never>;
  /** Close what ran out: releases, invitations. */
  "access.expire": Record<string, never>;
  /** Remove what is old from the series of heartbeats. */
  "fleet.prune": Record<string, never>;
};

/** A queue name. */
export type JobName = keyof JobInputs;

/** The queue as verbs see it: a job is a row in the transaction of the act that needs it. */
export interface JobQueue {
  /**
   * Adds a job for each input in `tx`; it runs after the commit, until it succeeds, possibly more than once. Adding one
   * that already waits or runs with the same input changes nothing.
   */
  add<N extends JobName>(tx: Transaction, name: N, ...inputs: JobInputs[N][]): Promise<void>;
}

/** What does the work of each queue. A worker must be safe to run twice; throwing means: again later. */
export type JobWorkers = {
  [N in JobName]: (input: JobInputs[N], signal: AbortSignal) => Promise<void>;
};
