import { answer } from "@/app/_server/context";
import { listEventsOf } from "@/lib/custody-log/index.ts";

type RouteContext = { params: Promise<{ id: string }> };

/** The chain of custody of one recording, oldest first. */
export function GET(request: Request, { params }: RouteContext): Promise<Response> {
  return answer(request, async (ctx) => ({ rows: await listEventsOf(ctx, { recordingId: (await params).id }) }));
}
