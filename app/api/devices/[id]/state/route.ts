import { answer } from "@/app/_server/context";
import { jsonBody } from "@/app/_server/query";
import { getDevice, resumeDevice, revokeDevice, suspendDevice } from "@/lib/devices/index.ts";
import { AppError } from "@/lib/errors.ts";
import { authorise } from "@/lib/people/index.ts";

type RouteContext = { params: Promise<{ id: string }> };

const moves = { active: resumeDevice, suspended: suspendDevice, revoked: revokeDevice } as const;

/** Suspends, resumes or revokes a device: `{ "state": "suspended" }`. */
export function PUT(request: Request, { params }: RouteContext): Promise<Response> {
  return answer(request, async (ctx) => {
    // Before the body is looked at: who may not change devices learns nothing about how to.
    await authorise(ctx, "devices.change");
    const { id } = await params;
    const { state } = await jsonBody(request);
    if (state !== "active" && state !== "suspended" && state !== "revoked")
      throw new AppError("invalid_input", "Write active, suspended or revoked.", { field: "state" });
    await moves[state](ctx, id);
    return getDevice(ctx, id);
  });
}
