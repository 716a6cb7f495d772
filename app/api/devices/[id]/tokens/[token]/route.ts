import { answer } from "@/app/_server/context";
import { revokeDeviceToken } from "@/lib/devices/index.ts";

type RouteContext = { params: Promise<{ token: string }> };

/** Revokes one token, from the device's next request on. */
export function DELETE(request: Request, { params }: RouteContext): Promise<Response> {
  return answer(request, async (ctx) => {
    await revokeDeviceToken(ctx, (await params).token);
    return new Response(null, { status: 204 });
  });
}
