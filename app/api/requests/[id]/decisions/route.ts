import { type DecideRecording, decideRecording } from "@/lib/access/index.ts";
import { answer } from "../../../../_server/context";
import { readJson } from "../../../../_server/json-body";

/** An officer decides about one recording. JSON: recordingId, decision, reason. */
export async function POST(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  const { id } = await params;
  return answer(request, async (ctx) =>
    decideRecording(ctx, { ...(await readJson(request)), requestId: id } as DecideRecording),
  ); // the verb checks it
}
