"use server";

import type { ActionResult } from "@/components/ui/form";
import { addSite, changeSite } from "@/lib/devices/index.ts";
import { AppError } from "@/lib/errors.ts";
import { rotateSigningKey } from "@/lib/keys/index.ts";
import { changeOwnPassword } from "@/lib/people/index.ts";
import type { KeyPurpose } from "@/lib/protocol/index.ts";
import { changeSetting } from "@/lib/settings/index.ts";
import { action } from "../../_server/context";
import { field } from "../../_server/form";
import { beginSession } from "../../_server/session";

/** Replaces one's own password, and goes on in this browser. Fields: currentPassword, newPassword, again. */
export const changePasswordAction: (data: FormData) => Promise<ActionResult> = action(async (ctx, data: FormData) => {
  if (field(data, "newPassword") !== field(data, "again"))
    throw new AppError("invalid_input", "The two passwords differ.", { field: "again" });
  const input = { currentPassword: field(data, "currentPassword"), newPassword: field(data, "newPassword") };
  await beginSession(await changeOwnPassword(ctx, input));
  return { message: "Your password is changed. All other sessions of yours have ended." };
});

/** Changes one setting of the archive. Fields: key, and the value under the key's name. */
export const changeSettingAction: (data: FormData) => Promise<ActionResult> = action(async (ctx, data: FormData) => {
  const key = field(data, "key");
  await changeSetting(ctx, { key, value: field(data, key) });
});

const siteOf = (data: FormData) => ({
  name: field(data, "name"),
  address: field(data, "address"),
  timeZone: field(data, "timeZone"),
});

/** Adds a site. Fields: name, address, timeZone. */
export const addSiteAction: (data: FormData) => Promise<ActionResult> = action(async (ctx, data: FormData) => {
  await addSite(ctx, siteOf(data));
});

/** Corrects a site. Fields: id, name, address, timeZone. */
export const changeSiteAction: (data: FormData) => Promise<ActionResult> = action(async (ctx, data: FormData) => {
  await changeSite(ctx, field(data, "id"), siteOf(data));
});

/** Replaces one of the archive's signing keys. Field: purpose. */
export const rotateKeyAction: (data: FormData) => Promise<ActionResult> = action(async (ctx, data: FormData) => {
  await rotateSigningKey(ctx, { purpose: field(data, "purpose") as KeyPurpose }); // the verb checks it
});
