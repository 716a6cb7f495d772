export { exportEvents } from "./export-events.ts";
export { listEvents } from "./list-events.ts";
export { listEventsOf } from "./list-events-of.ts";
export type { CustodyEventRow, CustodyFilter } from "./types.ts";
