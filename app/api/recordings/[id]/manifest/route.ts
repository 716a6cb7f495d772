import { answer } from "@/app/_server/context";
import { text } from "@/app/_server/query";
import { manifestMediaType } from "@/lib/protocol/index.ts";
import { getManifest } from "@/lib/recordings/index.ts";

type RouteContext = { params: Promise<{ id: string }> };

/** The signed manifest of a recording as its device sent it. Query: sha256, when there are several. */
export function GET(request: Request, { params }: RouteContext): Promise<Response> {
  return answer(request, async (ctx) => {
    const sha256 = text(new URL(request.url).searchParams, "sha256") ?? null;
    const { jws, fileName } = await getManifest(ctx, (await params).id, sha256);
    const headers = {
      "Content-Type": manifestMediaType,
      "Content-Disposition": `attachment; filename="${fileName}"`,
      "Cache-Control": "private, no-store",
      "X-Content-Type-Options": "nosniff",
    };
    return new Response(jws, { headers });
  });
}
