import { z } from "zod";
import { DeviceState } from "../../../generated/prisma/enums.ts";
import {
  type DeviceDetail,
  type DeviceRow,
  deviceInput,
  type IssuedToken,
  type ManifestChainView,
  type SiteRow,
  siteInput,
} from "../../../lib/devices/index.ts";
import type { Area } from "../operation.ts";
import { empty, json, jsonBody } from "../operation.ts";
import { count, may, namedSite, pageOf, paging, rowsOf, shapeOf, time } from "../shapes.ts";

const rowMembers = {
  id: z.string(),
  name: z.string(),
  alias: z.string().nullable(),
  state: z.enum(DeviceState),
  site: namedSite.nullable(),
  createdAt: time,
  cloneSuspectedAt: time.nullable(),
  lastSeenAt: time.nullable(),
  lastSeenFrom: z.string().nullable(),
  activeTokens: count,
  openUploads: count,
  lastRecording: z.strictObject({ id: z.string(), startAt: time }).nullable(),
};

const row = shapeOf<DeviceRow>()(z.strictObject(rowMembers).meta({ id: "DeviceRow" }));

const numberRanges = z.array(z.strictObject({ first: count, last: count }));

const manifestChain = shapeOf<ManifestChainView>()(
  z
    .strictObject({
      count,
      lastSequence: count,
      lastReceivedAt: time,
      setAside: count,
      gaps: numberRanges.describe("The newest 200."),
      gapCount: count.describe("How many gaps there are."),
      acknowledged: z.array(
        z.strictObject({
          ...{ id: z.string(), ranges: numberRanges, missing: count, reason: z.string() },
          ...{ acknowledgedBy: z.string(), acknowledgedAt: time },
        }),
      ),
      forks: z.array(
        z.strictObject({ sequence: count, recordingId: z.string(), receivedAt: time, isSameNumber: z.boolean() }),
      ),
    })
    .meta({ id: "ManifestChain" }),
);

const detail = shapeOf<DeviceDetail>()(
  z
    .strictObject({
      ...rowMembers,
      tokens: z.array(z.strictObject({ id: z.string(), createdAt: time, revokedAt: time.nullable() })),
      keys: z.array(
        z.strictObject({
          kid: z.string(),
          createdAt: time,
          revokedAt: time.nullable(),
          fromSequence: count,
          untilSequence: count.nullable(),
          buysTokens: z.boolean(),
        }),
      ),
      enrolment: z.strictObject({ codeId: z.string(), facts: z.record(z.string(), z.string()) }).nullable(),
      untrustedSince: time.nullable(),
      manifests: manifestChain.nullable(),
      can: z.strictObject({
        ...{ issueToken: may, addKey: may, setQuota: may, suspend: may, resume: may, revoke: may },
        ...{ approve: may, refuse: may, dismissClone: may },
        ...{ acknowledgeGap: may, withdrawGapAcknowledgement: may },
      }),
      space: z.strictObject({ quotaBytes: count.nullable(), storedBytes: count, promisedBytes: count }),
    })
    .meta({ id: "Device" }),
);

const issued = shapeOf<IssuedToken>()(
  z.strictObject({ deviceId: z.string(), tokenId: z.string(), token: z.string() }).meta({ id: "IssuedToken" }),
);

const site = shapeOf<SiteRow>()(
  z
    .strictObject({
      id: z.string(),
      name: z.string(),
      address: z.string().nullable(),
      timeZone: z.string(),
      createdAt: time,
      deviceCount: count,
    })
    .meta({ id: "Site" }),
);

const quota = z.union([z.int().min(0), z.string(), z.null()]).describe('Bytes, or a size as in "500 GB"; null: none.');

/** What PUT …/state takes, in app/api/devices/[id]/state/route.ts. */
const stateInput = z.object({
  state: z.enum(["active", "suspended", "revoked"]),
  untrustedSince: time
    .nullish()
    .describe("With `revoked`: what it brought from then on goes to quarantine. Also when it is revoked already."),
  reason: z.string().max(300).nullish().describe("With `revoked`: why, for custody."),
});

export const devices: Area = {
  name: "Devices",
  description: "What sends recordings, their tokens, and the places where they are.",
  operations: [
    {
      method: "GET",
      path: "/api/devices",
      id: "listDevices",
      summary: "A page of all devices, by name",
      caller: "person",
      parameters: [...paging],
      answers: { 200: json("The page.", pageOf(row)) },
      refuses: [],
    },
    {
      method: "POST",
      path: "/api/devices",
      id: "addDevice",
      summary: "Adds a device",
      caller: "person",
      body: jsonBody(deviceInput.extend({ key: z.string().nullish() })),
      answers: { 201: json("Its token, this once.", issued) },
      refuses: ["unsupported_media_type", "conflict"],
    },
    {
      method: "GET",
      path: "/api/devices/{id}",
      id: "getDevice",
      summary: "One device with its tokens, without their secrets",
      caller: "person",
      answers: { 200: json("The device.", detail) },
      refuses: ["not_found"],
    },
    {
      method: "PUT",
      path: "/api/devices/{id}/state",
      id: "setDeviceState",
      summary: "Suspends, resumes or revokes a device",
      caller: "person",
      body: jsonBody(stateInput),
      answers: { 200: json("The device.", detail) },
      refuses: ["not_found", "unsupported_media_type", "state_conflict"],
    },
    {
      method: "POST",
      path: "/api/devices/{id}/tokens",
      id: "issueDeviceToken",
      summary: "Issues one more token",
      caller: "person",
      answers: { 201: json("The token, this once.", issued) },
      refuses: ["not_found", "state_conflict"],
    },
    {
      method: "DELETE",
      path: "/api/devices/{id}/tokens/{token}",
      id: "revokeDeviceToken",
      summary: "Revokes one token",
      caller: "person",
      answers: { 204: empty("It opens nothing any more.") },
      refuses: ["not_found", "state_conflict"],
    },
    {
      method: "PUT",
      path: "/api/devices/{id}/quota",
      id: "setDeviceQuota",
      summary: "Limits what a device may keep here, or lifts the limit",
      caller: "person",
      body: jsonBody(z.object({ quota: quota })),
      answers: { 200: json("The device.", detail) },
      refuses: ["not_found", "unsupported_media_type"],
    },
    {
      method: "POST",
      path: "/api/devices/{id}/keys",
      id: "addDeviceKey",
      summary: "Registers a public key that manifests may be signed with",
      caller: "person",
      body: jsonBody(z.object({ key: z.string().describe("Ed25519, as PEM, JWK, OpenSSH line or Base64.") })),
      answers: { 201: json("Its thumbprint (RFC 7638).", z.strictObject({ kid: z.string() })) },
      refuses: ["not_found", "unsupported_media_type", "conflict", "state_conflict"],
    },
    {
      method: "DELETE",
      path: "/api/devices/{id}/keys/{kid}",
      id: "revokeDeviceKey",
      summary: "Revokes one key",
      caller: "person",
      answers: { 204: empty("It signs nothing any more.") },
      refuses: ["not_found", "state_conflict"],
    },
    {
      method: "GET",
      path: "/api/sites",
      id: "listSites",
      summary: "All sites",
      caller: "person",
      answers: { 200: json("The sites.", rowsOf(site)) },
      refuses: [],
    },
    {
      method: "POST",
      path: "/api/sites",
      id: "addSite",
      summary: "Adds a site",
      caller: "person",
      body: jsonBody(siteInput),
      answers: { 201: json("Its id.", z.strictObject({ id: z.string() })) },
      refuses: ["unsupported_media_type", "conflict"],
    },
  ],
};
