import "server-only";
import type { CustodyFilter } from "@/lib/custody-log/index.ts";
import { given, text, time } from "./query";

/** The custody log's filter in an address: from, until, group, outcome, actor, subject. */
export function readLogFilter(query: URLSearchParams): CustodyFilter {
  return given({
    from: time(query, "from"),
    until: time(query, "until"),
    // The verb checks both words.
    group: text(query, "group") as CustodyFilter["group"],
    outcome: text(query, "outcome") as CustodyFilter["outcome"],
    actorId: text(query, "actor"),
    subjectId: text(query, "subject"),
  });
}
