import { answer } from "@/app/_server/context";
import { jsonBody } from "@/app/_server/query";
import { getDevice, setDeviceQuota } from "@/lib/devices/index.ts";
import { authorise } from "@/lib/people/index.ts";

type RouteContext = { params: Promise<{ id: string }> };

/** Limits what a device may keep here, or lifts the limit: `{ "quota": 500000000000 }`, `"500 GB"` or `null`. */
export function PUT(request: Request, { params }: RouteContext): Promise<Response> {
  return answer(request, async (ctx) => {
    // Before the body is looked at: who may not change devices learns nothing about how to.
    await authorise(ctx, "devices.change");
    const { id } = await params;
    const { quota } = await jsonBody(request);
    await setDeviceQuota(ctx, { deviceId: id, quota });
    return getDevice(ctx, id);
  });
}
