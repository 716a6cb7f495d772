import { answer } from "@/app/_server/context";
import { jsonBody } from "@/app/_server/query";
import { addDeviceKey } from "@/lib/devices/index.ts";
import { authorise } from "@/lib/people/index.ts";

type RouteContext = { params: Promise<{ id: string }> };

/** Registers a public key of a device: `{ "key": "…" }` as PEM, JWK, OpenSSH line or Base64. Answers its `kid`. */
export function POST(request: Request, { params }: RouteContext): Promise<Response> {
  return answer(request, async (ctx) => {
    // Before the body is looked at: who may not change devices learns nothing about how to.
    await authorise(ctx, "devices.change");
    const { id } = await params;
    const { key } = await jsonBody(request);
    const added = await addDeviceKey(ctx, { deviceId: id, key });
    return Response.json(added, { status: 201, headers: { "Cache-Control": "no-store" } });
  });
}
