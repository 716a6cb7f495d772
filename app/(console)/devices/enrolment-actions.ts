"use server";

import { qrCodeOf } from "@/app/_server/qr-code";
import type { IssuedCode } from "@/components/devices/issued-code";
import type { ActionResult } from "@/components/ui/form";
import {
  approveDevice,
  dismissClone,
  ensureSite,
  makeEnrolmentCode,
  refuseDevice,
  revokeEnrolmentCode,
} from "@/lib/devices/index.ts";
import { action, publicUrl } from "../../_server/context";
import { field } from "../../_server/form";

type Refused = Extract<ActionResult, { ok: false }>;

/** Makes an enrolment code. Fields: form, siteId, siteName, timeZone, policyId, maxUses, hours, needsApproval. */
export const makeCodeAction: (data: FormData) => Promise<({ ok: true } & IssuedCode) | Refused> = action(
  async (ctx, data: FormData) => {
    const siteId =
      field(data, "siteId") === "new"
        ? (await ensureSite(ctx, { name: field(data, "siteName"), timeZone: field(data, "timeZone") })).id
        : field(data, "siteId");
    const input = {
      form: field(data, "form") === "typed" ? ("typed" as const) : ("long" as const),
      siteId,
      policyId: field(data, "policyId"),
      maxUses: field(data, "maxUses") || 1,
      hours: field(data, "hours") || null,
      needsApproval: data.has("needsApproval"),
    };
    const made = await makeEnrolmentCode(ctx, input, await publicUrl());
    const { code, command, link, pin, expiresAt } = made;
    return {
      code,
      command,
      pin,
      expiresAt,
      maxUses: Number(input.maxUses),
      needsApproval: input.needsApproval,
      qr: qrCodeOf(link),
    };
  },
);

/** Revokes an enrolment code. Field: id. */
export const revokeCodeAction: (data: FormData) => Promise<ActionResult> = action(async (ctx, data: FormData) => {
  await revokeEnrolmentCode(ctx, field(data, "id"));
});

/** Lets a device in that has enrolled. Field: id. */
export const approveDeviceAction: (data: FormData) => Promise<ActionResult> = action(async (ctx, data: FormData) => {
  await approveDevice(ctx, field(data, "id"));
});

/** Refuses a device that has enrolled. Field: id. */
export const refuseDeviceAction: (data: FormData) => Promise<ActionResult> = action(async (ctx, data: FormData) => {
  await refuseDevice(ctx, field(data, "id"));
});

/** Dismisses the suspicion that a device is two. Fields: id, reason. */
export const dismissCloneAction: (data: FormData) => Promise<ActionResult> = action(async (ctx, data: FormData) => {
  await dismissClone(ctx, { deviceId: field(data, "id"), reason: field(data, "reason") });
});
