import { answer } from "@/app/_server/context";
import { jsonBody } from "@/app/_server/query";
import { askForFile, listWantedFiles, type WantedInput } from "@/lib/fleet/index.ts";

type RouteContext = { params: Promise<{ id: string }> };

/** Files that this device was asked for, newest first. */
export function GET(request: Request, { params }: RouteContext): Promise<Response> {
  return answer(request, async (ctx) => ({ rows: await listWantedFiles(ctx, { deviceId: (await params).id }) }));
}

/** Asks the device for one file before all others: `{ "fileName": "…", "sha256": "…", "reason": "…" }`. */
export function POST(request: Request, { params }: RouteContext): Promise<Response> {
  return answer(request, async (ctx) => {
    const input = (await jsonBody(request)) as Omit<WantedInput, "deviceId">; // the verb checks it
    const asked = await askForFile(ctx, { ...input, deviceId: (await params).id });
    return Response.json(asked, { status: 201, headers: { "Cache-Control": "no-store" } });
  });
}
