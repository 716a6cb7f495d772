import "server-only";
import type { OpenRecording } from "@/components/recordings/purpose-dialog";
import { listRequests } from "@/lib/access/index.ts";
import { roleMay } from "@/lib/people/index.ts";
import { getSettings } from "@/lib/settings/index.ts";
import { openRecordingAction } from "../(console)/recordings/actions";
import type { PersonContext } from "./context";

const suggestedRequests = 5;

/** What the purpose dialog offers this officer: requests in review, and the usual reasons. */
export async function openingFor(ctx: PersonContext, recordingId: string): Promise<OpenRecording> {
  const { accessGrantHours } = await getSettings(ctx.db);
  const base = { recordingId, action: openRecordingAction, grantHours: accessGrantHours };
  if (!roleMay(ctx.actor.role, "recordings.open")) return { ...base, suggestions: [] };
  const { rows } = await listRequests(ctx, { state: "in_review", limit: suggestedRequests });
  return {
    ...base,
    suggestions: [...rows.map((row) => `Request ${row.id}, ${row.reference}`), "Integrity check"],
  };
}
