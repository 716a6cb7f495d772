import { getRequest } from "@/lib/access/index.ts";
import { answer } from "../../../_server/context";

/** One request, whole. */
export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  const { id } = await params;
  return answer(request, (ctx) => getRequest(ctx, id));
}
