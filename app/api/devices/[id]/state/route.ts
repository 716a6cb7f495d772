import { answer } from "@/app/_server/context";
import { jsonBody } from "@/app/_server/query";
import { getDevice, resumeDevice, revokeDevice, suspendDevice } from "@/lib/devices/index.ts";
import { AppError } from "@/lib/errors.ts";
import { authorise } from "@/lib/people/index.ts";

type RouteContext = { params: Promise<{ id: string }> };

const moves = { active: resumeDevice, suspended: suspendDevice, revoked: revokeDevice } as const;

/** Suspends, resumes or revokes a device: `{ "state": "suspended" }`; a stolen one with `untrustedSince`, and with a `reason`. */
export function PUT(request: Request, { params }: RouteContext): Promise<Response> {
  return answer(request, async (ctx) => {
    // Before the body is looked at: who may not change devices learns nothing about how to.
    await authorise(ctx, "devices.change");
    const { id } = await params;
    const { state, untrustedSince, reason } = await jsonBody(request);
    if (state !== "active" && state !== "suspended" && state !== "revoked")
      throw new AppError("invalid_input", "Write active, suspended or revoked.", { field: "state" });
    await moves[state](ctx, id, { untrustedSince: timeOf(untrustedSince), reason: textOf(reason) });
    return getDevice(ctx, id);
  });
}

function timeOf(value: unknown): Date | null {
  if (value === undefined || value === null) return null;
  const at = new Date(typeof value === "string" ? value : Number.NaN);
  if (!Number.isNaN(at.getTime())) return at;
  throw new AppError("invalid_input", "Write a time, as in 2026-03-02T09:00:00Z.", { field: "untrustedSince" });
}

function textOf(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "string") return value;
  throw new AppError("invalid_input", "Write text here, or nothing.", { field: "reason" });
}
