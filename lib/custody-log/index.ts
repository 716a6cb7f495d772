export { exportEvents } from "./export-events.ts";
export { readLeafEvents } from "./leaf-events.ts";
export { listEvents } from "./list-events.ts";
export { listEventsOf } from "./list-events-of.ts";
export { type LogProofs, proveLeaves } from "./prove.ts";
export { getCheckpoint, getTile } from "./published.ts";
export { sequenceLog } from "./sequence-log.ts";
export type { CustodyEventRow, CustodyFilter } from "./types.ts";
export { inspectLog, type LogProblem, type LogReport, type VerifyLog, verifyLog } from "./verify-log.ts";
