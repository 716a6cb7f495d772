"use server";

import type { ActionResult } from "@/components/ui/form";
import { askForFile, cancelWantedFile } from "@/lib/fleet/index.ts";
import { action } from "../../_server/context";
import { field } from "../../_server/form";

/** Asks a device for one file. Fields: id, queued (one from its queue, or "/"), fileName, sha256, reason. */
export const askForFileAction: (data: FormData) => Promise<ActionResult> = action(async (ctx, data: FormData) => {
  const queued = field(data, "queued");
  await askForFile(ctx, {
    deviceId: field(data, "id"),
    fileName: queued === "" || queued === "/" ? field(data, "fileName") : queued,
    sha256: field(data, "sha256"),
    reason: field(data, "reason"),
  });
});

/** Asks no longer. Field: id. */
export const cancelWantedAction: (data: FormData) => Promise<ActionResult> = action(async (ctx, data: FormData) => {
  await cancelWantedFile(ctx, field(data, "id"));
});
