"use server";

import type { IssuedDevice } from "@/components/devices/issued-device";
import type { ActionResult } from "@/components/ui/form";
import {
  addDevice,
  addDeviceKey,
  ensureSite,
  type IssuedToken,
  issueDeviceToken,
  resumeDevice,
  revokeDevice,
  revokeDeviceKey,
  revokeDeviceToken,
  setDeviceQuota,
  suspendDevice,
} from "@/lib/devices/index.ts";
import { action, publicUrl } from "../../_server/context";
import { field } from "../../_server/form";

type Refused = Extract<ActionResult, { ok: false }>;

async function toIssued({ deviceId, token }: IssuedToken): Promise<IssuedDevice> {
  const command = `npx strongroom-uploader push FILE --server ${await publicUrl()} --token ${token}`;
  return { deviceId, token, command };
}

/** Adds a device, and a site for it when a new one is named. Fields: name, alias, siteId, siteName, timeZone, key. */
export const addDeviceAction: (data: FormData) => Promise<({ ok: true } & IssuedDevice) | Refused> = action(
  async (ctx, data: FormData) => {
    const siteId =
      field(data, "siteId") === "new"
        ? (await ensureSite(ctx, { name: field(data, "siteName"), timeZone: field(data, "timeZone") })).id
        : field(data, "siteId");
    const key = field(data, "key");
    return toIssued(await addDevice(ctx, { name: field(data, "name"), alias: field(data, "alias"), siteId, key }));
  },
);

/** Issues one more token. Field: id. */
export const issueTokenAction: (data: FormData) => Promise<({ ok: true } & IssuedDevice) | Refused> = action(
  async (ctx, data: FormData) => toIssued(await issueDeviceToken(ctx, field(data, "id"))),
);

/** Revokes one token. Field: id. */
export const revokeTokenAction: (data: FormData) => Promise<ActionResult> = action(async (ctx, data: FormData) => {
  await revokeDeviceToken(ctx, field(data, "id"));
});

/** Registers a public key. Fields: id, key. */
export const addKeyAction: (data: FormData) => Promise<ActionResult> = action(async (ctx, data: FormData) => {
  await addDeviceKey(ctx, { deviceId: field(data, "id"), key: field(data, "key") });
});

/** Revokes a public key. Field: kid. */
export const revokeKeyAction: (data: FormData) => Promise<ActionResult> = action(async (ctx, data: FormData) => {
  await revokeDeviceKey(ctx, field(data, "kid"));
});

/** Sets or lifts a quota. Fields: id, quota. */
export const setQuotaAction: (data: FormData) => Promise<ActionResult> = action(async (ctx, data: FormData) => {
  await setDeviceQuota(ctx, { deviceId: field(data, "id"), quota: field(data, "quota") });
});

const moves = { suspend: suspendDevice, resume: resumeDevice } as const;

async function move(data: FormData, name: keyof typeof moves): Promise<ActionResult> {
  return action((ctx) => moves[name](ctx, field(data, "id")))();
}

/** Refuses a device for now. Field: id. */
export async function suspendDeviceAction(data: FormData): Promise<ActionResult> {
  return move(data, "suspend");
}

/** Lets a device in again. Field: id. */
export async function resumeDeviceAction(data: FormData): Promise<ActionResult> {
  return move(data, "resume");
}

/** Refuses a device for good. Fields: id, reason, untrustedSince (UTC, as a browser's field writes it). */
export const revokeDeviceAction: (data: FormData) => Promise<ActionResult> = action(async (ctx, data: FormData) => {
  const since = field(data, "untrustedSince");
  const untrustedSince = since === "" ? null : new Date(`${since}Z`);
  await revokeDevice(ctx, field(data, "id"), { untrustedSince, reason: field(data, "reason") });
});
