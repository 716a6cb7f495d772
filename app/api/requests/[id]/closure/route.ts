import { closeRequest } from "@/lib/access/index.ts";
import { answer } from "../../../../_server/context";

/** The requester confirms receipt, or an officer closes the matter. */
export async function POST(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  const { id } = await params;
  return answer(request, (ctx) => closeRequest(ctx, { requestId: id }));
}
