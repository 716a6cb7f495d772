"use server";

import type { ActionResult } from "@/components/ui/form";
import { openRecording } from "@/lib/recordings/index.ts";
import { action } from "../../_server/context";
import { field } from "../../_server/form";

/** Opens a recording for the purpose that the officer typed. Fields: id, purpose. */
export const openRecordingAction: (data: FormData) => Promise<ActionResult> = action(async (ctx, data: FormData) => {
  await openRecording(ctx, { id: field(data, "id"), purpose: field(data, "purpose") });
});
