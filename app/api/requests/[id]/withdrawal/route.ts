import { withdrawRequest } from "@/lib/access/index.ts";
import { answer } from "../../../../_server/context";

/** The requester takes the request back. */
export async function POST(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  const { id } = await params;
  return answer(request, (ctx) => withdrawRequest(ctx, { requestId: id }));
}
