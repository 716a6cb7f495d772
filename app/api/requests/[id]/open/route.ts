import { openRequest } from "@/lib/access/index.ts";
import { answer } from "../../../../_server/context";

/** An officer takes the request up. */
export async function POST(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  const { id } = await params;
  return answer(request, (ctx) => openRequest(ctx, { requestId: id }));
}
