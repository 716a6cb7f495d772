import { answer } from "@/app/_server/context";
import { jsonBody } from "@/app/_server/query";
import { changePolicy, getPolicy, type PolicyChangeInput } from "@/lib/fleet/index.ts";

type RouteContext = { params: Promise<{ id: string }> };

/** One policy with its earlier versions and its devices. */
export function GET(request: Request, { params }: RouteContext): Promise<Response> {
  return answer(request, async (ctx) => getPolicy(ctx, (await params).id));
}

/** Changes a policy: what is left out stays. With `version`: only if nobody has changed it since. */
export function PATCH(request: Request, { params }: RouteContext): Promise<Response> {
  return answer(request, async (ctx) => {
    const input = (await jsonBody(request)) as PolicyChangeInput; // the verb checks it
    return changePolicy(ctx, (await params).id, input);
  });
}
