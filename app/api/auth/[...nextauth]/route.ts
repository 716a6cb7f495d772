import { NextRequest } from "next/server";
import NextAuth from "next-auth";
import { authOptions } from "@/app/_server/auth";
import { problemResponse } from "@/app/_server/context";
import { readJson, readSmallBody } from "@/app/_server/json-body";
import { notFound } from "@/lib/errors.ts";

type RouteContext = { params: Promise<{ nextauth: string[] }> };

/** What programs need. Not among it: "_log", in which anybody could write into the archive's log. */
const actions = new Set(["csrf", "callback", "session", "signout", "signin", "error"]);

async function handle(request: NextRequest, context: RouteContext): Promise<Response> {
  try {
    const [action = ""] = (await context.params).nextauth;
    if (!actions.has(action)) throw notFound("page");
    return await NextAuth(await withSmallBody(request), context, await authOptions());
  } catch (error) {
    return problemResponse(request, error);
  }
}

/** next-auth reads a body whole, however long it is, and takes it for what it says it is. */
async function withSmallBody(request: NextRequest): Promise<NextRequest> {
  if (request.body === null) return request;
  const { url, method, headers } = request;
  const small = () => new NextRequest(url, { method, headers, body });
  const body = await readSmallBody(request);
  if (/\bapplication\/json\b/i.test(headers.get("content-type") ?? "")) await readJson(small());
  return small();
}

export { handle as GET, handle as POST };
