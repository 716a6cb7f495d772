import { answer } from "@/app/_server/context";
import { getDeviceRecording, getRecording } from "@/lib/recordings/index.ts";

type RouteContext = { params: Promise<{ id: string }> };

/** One recording: for people all that their role may know, for its own device whether it arrived. */
export function GET(request: Request, { params }: RouteContext): Promise<Response> {
  return answer(request, async (ctx) => {
    const { id } = await params;
    return ctx.actor.kind === "device" ? getDeviceRecording(ctx, id) : getRecording(ctx, id);
  });
}
