import { answer } from "@/app/_server/context";
import { jsonBody } from "@/app/_server/query";
import { addPolicy, listPolicies, type NewPolicyInput } from "@/lib/fleet/index.ts";

/** All policies with what they say now. */
export function GET(request: Request): Promise<Response> {
  return answer(request, async (ctx) => ({ rows: await listPolicies(ctx) }));
}

/** Makes a policy: `{ "name": "…", "settings": { … } }`; what is left out is as it is built in. */
export function POST(request: Request): Promise<Response> {
  return answer(request, async (ctx) => {
    const input = (await jsonBody(request)) as NewPolicyInput; // the verb checks it
    return Response.json(await addPolicy(ctx, input), { status: 201, headers: { "Cache-Control": "no-store" } });
  });
}
