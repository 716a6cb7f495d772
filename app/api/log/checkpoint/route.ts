import { answer } from "@/app/_server/context";
import { getCheckpoint } from "@/lib/custody-log/index.ts";

/** The newest checkpoint of the custody log (C2SP tlog-tiles). For everyone; a moment later there is a newer one. */
export function GET(request: Request): Promise<Response> {
  return answer(
    request,
    async (ctx) =>
      new Response(await getCheckpoint(ctx), {
        headers: { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "public, max-age=1" },
      }),
  );
}
