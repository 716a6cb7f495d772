import { isDeepStrictEqual } from "node:util";
import type { CustodyEvent } from "../../generated/prisma/client.ts";
import type { Database } from "../context.ts";
import type { CustodyAction } from "../custody/index.ts";

/** What an event must at least say; `details` are compared key by key. */
export type ExpectedEvent = Partial<Omit<CustodyEvent, "action" | "details">> & {
  action: CustodyAction;
  details?: Record<string, unknown>;
};

function matches(event: CustodyEvent, expected: ExpectedEvent): boolean {
  return Object.entries(expected).every(([key, value]) => {
    const actual = event[key as keyof CustodyEvent]; // the keys of ExpectedEvent are columns
    if (key !== "details") return isDeepStrictEqual(actual, value);
    const details = (actual ?? {}) as Record<string, unknown>; // details are always a JSON object
    return Object.entries(value as object).every(([name, detail]) => isDeepStrictEqual(details[name], detail));
  });
}

/**
 * Fails unless custody holds an event with all of `expected`, and tells which events there are.
 *
 * @returns the newest that matches
 */
export async function expectCustodyEvent(db: Database, expected: ExpectedEvent): Promise<CustodyEvent> {
  const events = await db.custodyEvent.findMany({ orderBy: { seq: "desc" }, take: 500 });
  const found = events.find((event) => matches(event, expected));
  if (found !== undefined) return found;
  const show = (value: unknown) => JSON.stringify(value, (_, part) => (typeof part === "bigint" ? `${part}` : part));
  const same = events.filter((event) => event.action === expected.action);
  const seen = same.length > 0 ? same.map(show).join("\n") : events.map((event) => event.action).join(", ");
  throw new Error(`No custody event matches ${show(expected)}. There are:\n${seen || "none"}`);
}
