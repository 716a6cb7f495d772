import { answer } from "@/app/_server/context";
import { paging } from "@/app/_server/query";
import { listChunks } from "@/lib/recordings/index.ts";

type RouteContext = { params: Promise<{ id: string }> };

/** The chunks of one recording as they arrived, a page of them when there are very many. Query: cursor, limit. */
export function GET(request: Request, { params }: RouteContext): Promise<Response> {
  return answer(request, async (ctx) => {
    const { cursor, limit } = paging(new URL(request.url).searchParams, 10_000);
    return listChunks(ctx, (await params).id, cursor, limit);
  });
}
