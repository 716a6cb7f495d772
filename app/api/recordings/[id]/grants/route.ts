import { answer } from "@/app/_server/context";
import { jsonBody } from "@/app/_server/query";
import { type OpenRecording, openRecording } from "@/lib/recordings/index.ts";

type RouteContext = { params: Promise<{ id: string }> };

/** Opens the recording for the officer who says what for: `{ "purpose": "…" }`. Answers the grant. */
export function POST(request: Request, { params }: RouteContext): Promise<Response> {
  return answer(request, async (ctx) => {
    const { purpose } = await jsonBody(request);
    const input = { id: (await params).id, purpose } as OpenRecording; // the verb checks it
    const grant = await openRecording(ctx, input);
    return Response.json(grant, { status: 201, headers: { "Cache-Control": "no-store" } });
  });
}
