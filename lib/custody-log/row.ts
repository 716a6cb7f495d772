import type { CustodyEvent } from "../../generated/prisma/client.ts";
import { type CustodyAction, custodyActions } from "../custody/index.ts";
import type { CustodyEventRow } from "./types.ts";

/** One event as screens and exports show it. */
export function toEventRow(event: CustodyEvent): CustodyEventRow {
  const action = event.action as CustodyAction; // the column is written by recordEvent alone
  return {
    ...event,
    seq: String(event.seq),
    action,
    // A row can be older than this program, or newer: its action is then shown by its name.
    sentence: custodyActions[action]?.sentence ?? action,
    details: isObject(event.details) ? event.details : null,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
