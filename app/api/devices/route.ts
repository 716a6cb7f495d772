import { answer } from "@/app/_server/context";
import { jsonBody, paging } from "@/app/_server/query";
import { addDevice, type DeviceInput, listDevices } from "@/lib/devices/index.ts";

/** A page of all devices by name. Query: cursor, limit. */
export function GET(request: Request): Promise<Response> {
  return answer(request, async (ctx) => {
    const { cursor, limit } = paging(new URL(request.url).searchParams);
    return listDevices(ctx, cursor, limit);
  });
}

/** Adds a device: `{ "name": "…", "siteId": "…", "alias": "…" }`. Answers its token, this once. */
export function POST(request: Request): Promise<Response> {
  return answer(request, async (ctx) => {
    const input = (await jsonBody(request)) as DeviceInput; // the verb checks it
    return Response.json(await addDevice(ctx, input), { status: 201, headers: { "Cache-Control": "no-store" } });
  });
}
