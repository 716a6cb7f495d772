import { answer } from "@/app/_server/context";
import { jsonBody } from "@/app/_server/query";
import { addSite, listSites, type SiteInput } from "@/lib/devices/index.ts";

/** All sites. */
export function GET(request: Request): Promise<Response> {
  return answer(request, async (ctx) => ({ rows: await listSites(ctx) }));
}

/** Adds a site: `{ "name": "…", "timeZone": "Europe/Madrid", "address": "…" }`. */
export function POST(request: Request): Promise<Response> {
  return answer(request, async (ctx) => {
    const input = (await jsonBody(request)) as SiteInput; // the verb checks it
    return Response.json(await addSite(ctx, input), { status: 201, headers: { "Cache-Control": "no-store" } });
  });
}
