export { type CustodyAction, custodyActions } from "./actions.ts";
export { type EventInput, recordEvent } from "./record-event.ts";
export type { CustodyEventRow, CustodyFilter } from "./types.ts";
