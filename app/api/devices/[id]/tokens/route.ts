import { answer } from "@/app/_server/context";
import { issueDeviceToken } from "@/lib/devices/index.ts";

type RouteContext = { params: Promise<{ id: string }> };

/** Issues one more token of a device. Answers it, this once. */
export function POST(request: Request, { params }: RouteContext): Promise<Response> {
  return answer(request, async (ctx) => {
    const issued = await issueDeviceToken(ctx, (await params).id);
    return Response.json(issued, { status: 201, headers: { "Cache-Control": "no-store" } });
  });
}
