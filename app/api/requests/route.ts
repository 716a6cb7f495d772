import { listRequests, type RequestFilter, type SubmitRequest, submitRequest } from "@/lib/access/index.ts";
import { authorise } from "@/lib/people/index.ts";
import { answer } from "../../_server/context";
import { withUploadedForm } from "../../_server/multipart";

/** The inbox, or a requester's own requests. Query: state, cursor, limit. */
export function GET(request: Request): Promise<Response> {
  const query = Object.fromEntries(new URL(request.url).searchParams);
  const filter = { ...query, ...(query.limit !== undefined && { limit: Number(query.limit) }) };
  return answer(request, (ctx) => listRequests(ctx, filter as RequestFilter)); // the verb checks it
}

/** Asks for recordings: multipart/form-data, the fields first and the order (a PDF named `order`) last. */
export function POST(request: Request): Promise<Response> {
  return answer(request, async (ctx) => {
    // Before the form is read, so that whoever may not ask sends no bytes for nothing.
    await authorise(ctx, "requests.submit");
    const { id } = await withUploadedForm(request, "order", ({ fields, fileName, content }) => {
      const input = { ...fields, siteId: fields.siteId || null, orderFileName: fileName };
      return submitRequest(ctx, input as SubmitRequest, content); // the verb checks it
    });
    const headers = { Location: `/api/requests/${id}`, "Cache-Control": "no-store" };
    return Response.json({ id }, { status: 201, headers });
  });
}
