export { type Backlog, type Jobs, openJobs } from "./open-jobs.ts";
export { queueNames } from "./queues.ts";
export type { JobInputs, JobName, JobQueue, JobWorkers } from "./types.ts";
