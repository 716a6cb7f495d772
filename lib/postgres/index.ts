export { PostgresError } from "./postgres-error.ts";
export type { Tuning } from "./postmaster.ts";
export { type RunningPostgres, startPostgres } from "./start.ts";
