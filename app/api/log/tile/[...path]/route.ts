import { answer } from "@/app/_server/context";
import { getTile } from "@/lib/custody-log/index.ts";

type RouteContext = { params: Promise<{ path: string[] }> };

/** A tile of the custody log (C2SP tlog-tiles). It never changes; entries are for those who may read the log. */
export function GET(request: Request, { params }: RouteContext): Promise<Response> {
  return answer(request, async (ctx) => {
    const path = (await params).path.join("/");
    const tile = await getTile(ctx, `tile/${path}`);
    const caching = path.startsWith("entries/") ? "private, no-store" : "public, max-age=31536000, immutable";
    return new Response(new Uint8Array(tile), {
      headers: { "Content-Type": "application/octet-stream", "Cache-Control": caching },
    });
  });
}
