import { getServices } from "@/lib/services.ts";

const waitMs = 2_000;

/** Whether this process can do its work now: the database answers, and storage can be asked. */
export async function GET(): Promise<Response> {
  const headers = { "Cache-Control": "no-store" };
  try {
    const { db, storage } = await getServices();
    const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Error("too slow")), waitMs).unref());
    await Promise.race([Promise.all([db.setting.count(), storage.freeBytes()]), late]);
    return Response.json({ status: "ready" }, { headers });
  } catch {
    return Response.json({ status: "unavailable" }, { status: 503, headers: { ...headers, "Retry-After": "5" } });
  }
}

export const dynamic = "force-dynamic";
