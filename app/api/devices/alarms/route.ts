import { answer } from "@/app/_server/context";
import { listDeviceAlarms } from "@/lib/fleet/index.ts";

/** All that is wrong in the fleet now, what is urgent first. */
export function GET(request: Request): Promise<Response> {
  return answer(request, async (ctx) => ({ rows: await listDeviceAlarms(ctx) }));
}
