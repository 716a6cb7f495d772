import { answer } from "@/app/_server/context";
import { cancelWantedFile } from "@/lib/fleet/index.ts";

type RouteContext = { params: Promise<{ wanted: string }> };

/** Asks the device for this file no longer. */
export function DELETE(request: Request, { params }: RouteContext): Promise<Response> {
  return answer(request, async (ctx) => {
    await cancelWantedFile(ctx, (await params).wanted);
    return new Response(null, { status: 204 });
  });
}
