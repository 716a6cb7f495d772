import { answer } from "@/app/_server/context";
import { revokeDeviceKey } from "@/lib/devices/index.ts";

type RouteContext = { params: Promise<{ kid: string }> };

/** Revokes one key, from the device's next manifest on. */
export function DELETE(request: Request, { params }: RouteContext): Promise<Response> {
  return answer(request, async (ctx) => {
    await revokeDeviceKey(ctx, (await params).kid);
    return new Response(null, { status: 204 });
  });
}
