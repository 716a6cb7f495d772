import { type WithdrawRelease, withdrawRelease } from "@/lib/access/index.ts";
import { answer } from "../../../../_server/context";
import { readJson } from "../../../../_server/json-body";

/** An officer ends the release at once. JSON: reason. */
export async function POST(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  const { id } = await params;
  return answer(request, async (ctx) =>
    withdrawRelease(ctx, { ...(await readJson(request)), releaseId: id } as WithdrawRelease),
  ); // the verb checks it
}
