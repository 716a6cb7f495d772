import "server-only";
import { type CustodyEventRow, listEventsOf } from "@/lib/custody-log/index.ts";
import { roleMay } from "@/lib/people/index.ts";
import type { PersonContext } from "./context";

/** The newest events of one recording, newest first; null for a role that has no part in custody. */
export async function recentEvents(
  ctx: PersonContext,
  recordingId: string,
  limit: number,
): Promise<CustodyEventRow[] | null> {
  if (!roleMay(ctx.actor.role, "recordings.custody")) return null;
  return (await listEventsOf(ctx, { recordingId })).reverse().slice(0, limit);
}
