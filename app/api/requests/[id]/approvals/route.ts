import { type ApproveRequest, approveRequest, withdrawApproval } from "@/lib/access/index.ts";
import { answer } from "../../../../_server/context";
import { readJson } from "../../../../_server/json-body";

/** An officer approves what they saw. JSON: scopeSha256. */
export async function POST(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  const { id } = await params;
  return answer(request, async (ctx) =>
    approveRequest(ctx, { ...(await readJson(request)), requestId: id } as ApproveRequest),
  ); // the verb checks it
}

/** An officer takes their own first approval back. */
export async function DELETE(request: Request, { params }: { params: Promise<{ id: string }> }): Promise<Response> {
  const { id } = await params;
  return answer(request, (ctx) => withdrawApproval(ctx, { requestId: id }));
}
