import { answer } from "@/app/_server/context";
import { getDevice } from "@/lib/devices/index.ts";

type RouteContext = { params: Promise<{ id: string }> };

/** One device with its tokens, without their secrets. */
export function GET(request: Request, { params }: RouteContext): Promise<Response> {
  return answer(request, async (ctx) => getDevice(ctx, (await params).id));
}
