import type { JobInputs, JobName } from "./types.ts";

type QueueSettings<N extends JobName> = {
  /** Jobs with the same key are one job while it waits or runs. */
  key: (input: JobInputs[N]) => string;
  /** Longest run of the jobs fetched together; after that the job counts as lost and starts again. */
  maxSeconds: number;
  /** Cron expression in UTC for work that comes by itself; null: only when added. */
  schedule: string | null;
  /** Jobs at a time of those fetched together; left out: one after the other. */
  lanes?: number;
};

/** Every queue; each process works few jobs of each at a time, as receiving comes first. A row here and one in JobInputs make a new one. */
export const queues: { [N in JobName]: QueueSettings<N> } = {
  "recording.seal": { key: (input) => input.recordingId, maxSeconds: 12 * 3600, schedule: null, lanes: 4 },
  "upload.assemble": { key: (input) => input.uploadId, maxSeconds: 12 * 3600, schedule: null },
  // Sealing does it at once; every minute comes what nobody waits for, and what a killed process left.
  "log.sequence": { key: () => "all", maxSeconds: 3600, schedule: "* * * * *" },
  "upload.expire": { key: () => "all", maxSeconds: 3600, schedule: "17 * * * *" },
  "device.quarantine": { key: (input) => input.deviceId, maxSeconds: 3600, schedule: null },
  "storage.sweep": { key: () => "all", maxSeconds: 6 * 3600, schedule: "41 3 * * *" },
  "access.expire": { key: () => "all", maxSeconds: 600, schedule: "* * * * *" },
  "fleet.prune": { key: () => "all", maxSeconds: 3600, schedule: "23 4 * * *" },
};

/** All queue names. */
export const queueNames = Object.keys(queues) as JobName[]; // the keys of a mapped type over JobName
