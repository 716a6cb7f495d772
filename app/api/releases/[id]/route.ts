import { getRelease } from "@/lib/access/index.ts";
import { answer } from "../../../_server/context";

/** A requester's own release: what is in it, until when, and where the bytes are. */
export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  const { id } = await params;
  return answer(request, (ctx) => getRelease(ctx, id));
}
