import type { JobInputs, JobName } from "./types.ts";

type QueueSettings<N extends JobName> = {
  /** Jobs with the same key are one job while it waits or runs. */
  key: (input: JobInputs[N]) => string;
  /** How many run at once in one process. */
  atOnce: number;
  /** Longest run; after that the job counts as lost and starts again. */
  maxSeconds: number;
  /** Cron expression in UTC for work that comes by itself; null: only when added. */
  schedule: string | null;
};

/** Every queue. A row here and one in JobInputs make a new one. */
export const queues: { [N in JobName]: QueueSettings<N> } = {
  // One at a time: it already uses two threads, and receiving comes first.
  "recording.seal": { key: (input) => input.recordingId, atOnce: 1, maxSeconds: 12 * 3600, schedule: null },
  "access.expire": { key: () => "all", atOnce: 1, maxSeconds: 600, schedule: "* * * * *" },
};

/** All queue names. */
export const queueNames = Object.keys(queues) as JobName[]; // the keys of a mapped type over JobName
