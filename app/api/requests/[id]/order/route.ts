import { Readable } from "node:stream";
import { create as contentDisposition } from "content-disposition";
import { readOrder } from "@/lib/access/index.ts";
import { reprDigest } from "@/lib/protocol/index.ts";
import { answer } from "../../../../_server/context";

/** The attached order, to keep and never to show: whatever is in it must not run on the archive's own address. */
export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  const { id } = await params;
  return answer(request, async (ctx) => {
    const order = await readOrder(ctx, id);
    // Node's and the browser's types of one and the same stream differ.
    const body = Readable.toWeb(order.content) as ReadableStream<Uint8Array>;
    return new Response(body, {
      headers: {
        "Content-Type": "application/pdf",
        "Content-Length": String(order.sizeBytes),
        "Content-Disposition": contentDisposition(order.fileName, { type: "attachment" }),
        "Repr-Digest": reprDigest(order.sha256),
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
      },
    });
  });
}
