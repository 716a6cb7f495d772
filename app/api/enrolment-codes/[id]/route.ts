import { answer } from "@/app/_server/context";
import { revokeEnrolmentCode } from "@/lib/devices/index.ts";

type RouteContext = { params: Promise<{ id: string }> };

/** Withdraws an enrolment code for good. Devices that came with it stay. */
export function DELETE(request: Request, { params }: RouteContext): Promise<Response> {
  return answer(request, async (ctx) => {
    await revokeEnrolmentCode(ctx, (await params).id);
    return new Response(null, { status: 204 });
  });
}
