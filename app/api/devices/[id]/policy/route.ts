import { answer } from "@/app/_server/context";
import { jsonBody } from "@/app/_server/query";
import { AppError } from "@/lib/errors.ts";
import { assignPolicy } from "@/lib/fleet/index.ts";
import { authorise } from "@/lib/people/index.ts";

type RouteContext = { params: Promise<{ id: string }> };

/** Puts a device under another policy: `{ "policyId": "F-…" }`; null: the default one. */
export function PUT(request: Request, { params }: RouteContext): Promise<Response> {
  return answer(request, async (ctx) => {
    // Before the body is looked at: who may not change devices learns nothing about how to.
    await authorise(ctx, "devices.change");
    const { policyId } = await jsonBody(request);
    if (policyId !== null && typeof policyId !== "string")
      throw new AppError("invalid_input", "Write the id of a policy, or null for the default one.", {
        field: "policyId",
      });
    return assignPolicy(ctx, { deviceId: (await params).id, policyId });
  });
}
