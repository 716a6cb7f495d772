import { Readable } from "node:stream";
import { create as contentDisposition } from "content-disposition";
import { readOrder } from "@/lib/access/index.ts";
import { reprDigest } from "@/lib/protocol/index.ts";
import { answer } from "../../../../_server/context";

/**
 * The attached order, to keep and never to show: whatever is in it must not run on the archive's own address. The
 * fields that see to it (sandbox, nosniff) are on every answer below /api, in server/web-request.ts.
 */
export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  const { id } = await params;
  return answer(request, async (ctx) => {
    const order = await readOrder(ctx, id);
    // Node's and the browser's types of one and the same stream differ.
    const body = Readable.toWeb(order.content) as ReadableStream<Uint8Array>;
    return new Response(body, {
      headers: {
        "Content-Type": "application/pdf",
        "Content-Disposition": contentDisposition(order.fileName, { type: "attachment" }),
        "Repr-Digest": reprDigest(order.sha256),
        "Cache-Control": "private, no-store",
      },
    });
  });
}
