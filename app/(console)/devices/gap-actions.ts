"use server";

import type { ActionResult } from "@/components/ui/form";
import { acknowledgeGap, withdrawGapAcknowledgement } from "@/lib/devices/index.ts";
import { action } from "../../_server/context";
import { field } from "../../_server/form";

/** Says why numbers of a device are missing. Fields: id, numbers, reason. */
export const acknowledgeGapAction: (data: FormData) => Promise<ActionResult> = action(async (ctx, data: FormData) => {
  const input = { numbers: field(data, "numbers"), reason: field(data, "reason") };
  await acknowledgeGap(ctx, { deviceId: field(data, "id"), ...input });
});

/** Takes that back. Fields: id, reason. */
export const withdrawGapAction: (data: FormData) => Promise<ActionResult> = action(async (ctx, data: FormData) => {
  await withdrawGapAcknowledgement(ctx, { id: field(data, "id"), reason: field(data, "reason") });
});
