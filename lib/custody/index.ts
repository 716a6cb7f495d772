export { type CustodyAction, custodyActions } from "./actions.ts";
export { type EventInput, recordEvent, recordEvents } from "./record-event.ts";
export type { CustodyEventRow, CustodyFilter } from "./types.ts";
