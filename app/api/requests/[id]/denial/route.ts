import { type DenyRequest, denyRequest } from "@/lib/access/index.ts";
import { answer } from "../../../../_server/context";
import { readJson } from "../../../../_server/json-body";

/** An officer denies the request. JSON: reason, text. */
export async function POST(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  const { id } = await params;
  return answer(request, async (ctx) =>
    denyRequest(ctx, { ...(await readJson(request)), requestId: id } as DenyRequest),
  ); // the verb checks it
}
