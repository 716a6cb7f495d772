import { answer, publicUrl } from "@/app/_server/context";
import { jsonBody } from "@/app/_server/query";
import { type EnrolmentCodeInput, listEnrolmentCodes, makeEnrolmentCode } from "@/lib/devices/index.ts";

/** Enrolment codes, newest first, without the codes themselves. */
export function GET(request: Request): Promise<Response> {
  return answer(request, async (ctx) => ({ rows: await listEnrolmentCodes(ctx) }));
}

/** Makes a code: `{ "maxUses": 5, "siteId": "…", "policyId": "…" }`. Answers it, this once. */
export function POST(request: Request): Promise<Response> {
  return answer(request, async (ctx) => {
    const input = (await jsonBody(request)) as EnrolmentCodeInput; // the verb checks it
    const made = await makeEnrolmentCode(ctx, input, await publicUrl());
    return Response.json(made, { status: 201, headers: { "Cache-Control": "no-store" } });
  });
}
