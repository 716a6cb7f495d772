/** Whether this process answers at all. It asks nothing of the database, so that a slow one restarts nobody. */
export function GET(): Response {
  return Response.json({ status: "live" }, { headers: { "Cache-Control": "no-store" } });
}

export const dynamic = "force-dynamic";
