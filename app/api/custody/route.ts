import { answer } from "@/app/_server/context";
import { readLogFilter } from "@/app/_server/log-filter";
import { paging } from "@/app/_server/query";
import { listEvents } from "@/lib/custody-log/index.ts";

/** A page of the custody log. Query: from, until, group, outcome, actor, subject, cursor, limit. */
export function GET(request: Request): Promise<Response> {
  return answer(request, (ctx) => {
    const query = new URL(request.url).searchParams;
    const { cursor, limit } = paging(query);
    return listEvents(ctx, readLogFilter(query), cursor, limit);
  });
}
