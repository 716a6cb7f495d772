import { answer } from "@/app/_server/context";
import { given, paging, text } from "@/app/_server/query";
import { type FleetFilter, type FleetSortKey, listFleetPage } from "@/lib/fleet/index.ts";

/** A page of the fleet. Query: show, site, policy, q, sort, cursor, limit. */
export function GET(request: Request): Promise<Response> {
  return answer(request, async (ctx) => {
    const query = new URL(request.url).searchParams;
    const sort = text(query, "sort");
    const filter = given({
      part: text(query, "show") as FleetFilter["part"], // the verb checks it
      siteId: text(query, "site"),
      policyId: text(query, "policy"),
      text: text(query, "q"),
      sort:
        sort === undefined
          ? undefined
          : { key: sort.replace(/^-/, "") as FleetSortKey, isDescending: sort.startsWith("-") }, // the same
    });
    const { cursor, limit } = paging(query);
    return listFleetPage(ctx, filter, cursor, limit);
  });
}
