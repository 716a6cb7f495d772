import { answer } from "@/app/_server/context";
import { receiptMediaType } from "@/lib/protocol/index.ts";
import { getReceipt } from "@/lib/receipts/index.ts";

type RouteContext = { params: Promise<{ id: string }> };

/** The receipt of one recording as it was signed; with `Accept: application/json` what is in it. */
export function GET(request: Request, { params }: RouteContext): Promise<Response> {
  return answer(request, async (ctx) => {
    const { jws, fileName, content } = await getReceipt(ctx, (await params).id);
    const headers = { "Cache-Control": "private, no-store", Vary: "Accept" };
    if (/\bapplication\/json\b/.test(request.headers.get("accept") ?? "")) return Response.json(content, { headers });
    const fields = { "Content-Type": receiptMediaType, "Content-Disposition": `attachment; filename="${fileName}"` };
    return new Response(jws, { headers: { ...headers, ...fields } });
  });
}
