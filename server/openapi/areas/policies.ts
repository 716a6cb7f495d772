import { z } from "zod";
import { DeviceState } from "../../../generated/prisma/enums.ts";
import { type EnrolmentCodeRow, enrolmentCodeInput, type MadeEnrolmentCode } from "../../../lib/devices/index.ts";
import { newPolicyInput, type PolicyDetail, type PolicyRow, policyChangeInput } from "../../../lib/fleet/index.ts";
import { deviceSettingsSchema } from "../../../lib/protocol/index.ts";
import type { Area } from "../operation.ts";
import { empty, json, jsonBody } from "../operation.ts";
import { count, may, rowsOf, shapeOf, time } from "../shapes.ts";

const says = {
  version: count,
  settings: deviceSettingsSchema,
  silentAfterSeconds: count,
  keyMaxAgeDays: count.nullable(),
};

const rowMembers = {
  ...says,
  id: z.string(),
  name: z.string(),
  isDefault: z.boolean(),
  changedAt: time,
  deviceCount: count,
};

const row = shapeOf<PolicyRow>()(z.strictObject(rowMembers).meta({ id: "PolicyRow" }));

const detail = shapeOf<PolicyDetail>()(
  z
    .strictObject({
      ...rowMembers,
      versions: z.array(z.strictObject({ ...says, createdAt: time })),
      devices: z.array(
        z.strictObject({
          id: z.string(),
          name: z.string(),
          applied: count.nullable(),
          problem: z.string().nullable(),
        }),
      ),
      can: z.strictObject({ change: may }),
    })
    .meta({ id: "Policy" }),
);

const code = shapeOf<EnrolmentCodeRow>()(
  z
    .strictObject({
      id: z.string(),
      form: z.enum(["long", "typed"]),
      state: z.enum(["open", "used_up", "expired", "revoked"]),
      site: z.strictObject({ id: z.string(), name: z.string() }).nullable(),
      policyId: z.string().nullable(),
      maxUses: count,
      uses: count,
      needsApproval: z.boolean(),
      createdAt: time,
      madeBy: z.string(),
      expiresAt: time,
      revokedAt: time.nullable(),
      devices: z.array(z.strictObject({ id: z.string(), name: z.string(), state: z.enum(DeviceState) })),
      can: z.strictObject({ revoke: may }),
    })
    .meta({ id: "EnrolmentCode" }),
);

const made = shapeOf<MadeEnrolmentCode>()(
  z
    .strictObject({
      id: z.string(),
      code: z.string(),
      server: z.string(),
      pin: z.string().nullable(),
      link: z.string(),
      command: z.string(),
      expiresAt: time,
    })
    .meta({ id: "MadeEnrolmentCode" }),
);

const assignment = z.object({ policyId: z.string().nullable().describe("Null: the default one.") });

export const policies: Area = {
  name: "Policies and enrolment",
  description: "What the archive decides for devices, and the codes with which machines become devices.",
  operations: [
    {
      method: "GET",
      path: "/api/policies",
      id: "listPolicies",
      summary: "All policies with what they say now",
      caller: "person",
      answers: { 200: json("The default one first, then by name.", rowsOf(row)) },
      refuses: [],
    },
    {
      method: "POST",
      path: "/api/policies",
      id: "addPolicy",
      summary: "Makes a policy; what is left out of its settings is as it is built in",
      caller: "person",
      body: jsonBody(newPolicyInput),
      answers: { 201: json("The policy.", row) },
      refuses: ["unsupported_media_type", "conflict"],
    },
    {
      method: "GET",
      path: "/api/policies/{id}",
      id: "getPolicy",
      summary: "One policy with its earlier versions and the devices that it holds for",
      caller: "person",
      answers: { 200: json("The policy.", detail) },
      refuses: ["not_found"],
    },
    {
      method: "PATCH",
      path: "/api/policies/{id}",
      id: "changePolicy",
      summary: "Changes a policy; what is left out stays. With `version`: only if nobody has changed it since",
      caller: "person",
      body: jsonBody(policyChangeInput),
      answers: { 200: json("What it says now.", row) },
      refuses: ["not_found", "unsupported_media_type", "conflict", "state_conflict"],
    },
    {
      method: "PUT",
      path: "/api/devices/{id}/policy",
      id: "assignPolicy",
      summary: "Puts a device under another policy, which it hears of with its next heartbeat",
      caller: "person",
      body: jsonBody(assignment),
      answers: { 200: json("The policy that it has; null: the default one.", assignment) },
      refuses: ["not_found", "unsupported_media_type"],
    },
    {
      method: "GET",
      path: "/api/enrolment-codes",
      id: "listEnrolmentCodes",
      summary: "The newest 200 enrolment codes, without the codes themselves",
      caller: "person",
      answers: { 200: json("Newest first.", rowsOf(code)) },
      refuses: [],
    },
    {
      method: "POST",
      path: "/api/enrolment-codes",
      id: "makeEnrolmentCode",
      summary: "Makes an enrolment code",
      caller: "person",
      body: jsonBody(enrolmentCodeInput),
      answers: { 201: json("The code, this once.", made) },
      refuses: ["unsupported_media_type"],
    },
    {
      method: "DELETE",
      path: "/api/enrolment-codes/{id}",
      id: "revokeEnrolmentCode",
      summary: "Withdraws an enrolment code for good; devices that came with it stay",
      caller: "person",
      answers: { 204: empty("It lets nobody in any more.") },
      refuses: ["not_found", "state_conflict"],
    },
  ],
};
