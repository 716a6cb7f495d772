"use server";

import { redirect } from "next/navigation";
import type { ActionResult } from "@/components/ui/form";
import { addPolicy, assignPolicy, changePolicy } from "@/lib/fleet/index.ts";
import { action } from "../../../_server/context";
import { field } from "../../../_server/form";
import { atItsField, readPolicyForm } from "./policy-form";

/** Makes a policy and opens it. Fields: those of policy-form.ts. */
export const addPolicyAction: (data: FormData) => Promise<ActionResult> = action(async (ctx, data: FormData) => {
  const { id } = await atItsField(async () => addPolicy(ctx, readPolicyForm(data)));
  redirect(`/devices/policies/${id}`);
});

/** Changes a policy. Fields: id, version, and those of policy-form.ts. */
export const changePolicyAction: (data: FormData) => Promise<ActionResult> = action(async (ctx, data: FormData) => {
  const before = Number(field(data, "version"));
  const input = { ...readPolicyForm(data), version: before };
  const { version } = await atItsField(async () => changePolicy(ctx, field(data, "id"), input));
  if (version === before) return { message: "Saved. What devices are told has not changed." };
  return { message: `Saved as version ${version}. Devices hear of it with their next heartbeat.` };
});

/** Puts a device under a policy. Fields: id, policyId. */
export const assignPolicyAction: (data: FormData) => Promise<ActionResult> = action(async (ctx, data: FormData) => {
  await assignPolicy(ctx, { deviceId: field(data, "id"), policyId: field(data, "policyId") || null });
});
