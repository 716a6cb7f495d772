import { answer } from "@/app/_server/context";
import { listChunks } from "@/lib/recordings/index.ts";

type RouteContext = { params: Promise<{ id: string }> };

/** The chunks of one recording as they arrived. */
export function GET(request: Request, { params }: RouteContext): Promise<Response> {
  return answer(request, async (ctx) => ({ rows: await listChunks(ctx, (await params).id) }));
}
