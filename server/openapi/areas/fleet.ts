import { z } from "zod";
import { DeviceState, WantedState } from "../../../generated/prisma/enums.ts";
import {
  type DeviceAlarmRow,
  type FleetPage,
  type FleetPart,
  fleetParts,
  fleetSortKeys,
  type WantedRow,
  wantedInput,
} from "../../../lib/fleet/index.ts";
import {
  type DeviceConfig,
  deviceConfigPath,
  deviceHeartbeatPath,
  deviceSettingsSchema,
  deviceStatementsPath,
  type HeartbeatAnswer,
  heartbeatSchema,
  type SidecarView,
  type StatementView,
  statementMediaType,
} from "../../../lib/protocol/index.ts";
import type { Area } from "../operation.ts";
import { empty, json, jsonBody } from "../operation.ts";
import { count, field, may, namedSite, pageOf, paging, query, rowsOf, sha256, shapeOf, time } from "../shapes.ts";

const config = shapeOf<DeviceConfig>()(
  z.strictObject({ version: count, settings: deviceSettingsSchema }).meta({ id: "DeviceConfig" }),
);

const heartbeatAnswer = shapeOf<HeartbeatAnswer>()(
  z
    .strictObject({
      serverTime: time,
      nextInSeconds: z.number().min(1),
      configVersion: count,
      wanted: z.array(z.strictObject({ id: z.string(), fileName: z.string().optional(), sha256: sha256.optional() })),
      rotateKey: z.boolean(),
      chain: z.strictObject({ sequence: count, sha256 }).nullable(),
    })
    .meta({ id: "HeartbeatAnswer" }),
);

const statement = shapeOf<StatementView>()(
  z
    .strictObject({ sequence: count, sha256, chain: z.enum(["first", "in_order", "gap", "fork"]) })
    .meta({ id: "RecordedStatement" }),
);

const sidecar = shapeOf<SidecarView>()(
  z.strictObject({ name: z.string(), sizeBytes: count, sha256, receivedAt: time }).meta({ id: "Sidecar" }),
);

const wanted = shapeOf<WantedRow>()(
  z
    .strictObject({
      id: z.string(),
      deviceId: z.string(),
      state: z.enum(WantedState),
      fileName: z.string().nullable(),
      sha256: sha256.nullable(),
      reason: z.string().nullable(),
      askedBy: z.string(),
      askedAt: time,
      seenAt: time.nullable(),
      endedAt: time.nullable(),
      recordingId: z.string().nullable(),
      can: z.strictObject({ cancel: may }),
    })
    .meta({ id: "WantedFile" }),
);

const alarmMembers = {
  kind: z.enum([
    "clone",
    "chain_fork",
    "silent",
    "chain_gap",
    "disk_nearly_full",
    "config_refused",
    "clock_off",
    "queue_old",
    "key_old",
  ]),
  weight: z.enum(["urgent", "warning"]),
  sentence: z.string(),
  since: time.nullable(),
};

const alarm = shapeOf<DeviceAlarmRow>()(
  z
    .strictObject({
      ...alarmMembers,
      device: z.strictObject({
        id: z.string(),
        name: z.string(),
        site: z.strictObject({ id: z.string(), name: z.string() }).nullable(),
      }),
    })
    .meta({ id: "DeviceAlarm" }),
);

const fleetRow = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    alias: z.string().nullable(),
    state: z.enum(DeviceState),
    site: namedSite.nullable(),
    policy: z.strictObject({ id: z.string(), name: z.string() }),
    lastContactAt: time.nullable(),
    isSilent: z.boolean(),
    heartbeatAt: time.nullable(),
    uploader: z.strictObject({ version: z.string(), runtime: z.string(), platform: z.string() }).nullable(),
    clock: z.strictObject({ source: z.string(), offsetMs: z.number().nullable() }).nullable(),
    queue: z.strictObject({ files: count, bytes: count, events: count, oldestAt: time.nullable() }).nullable(),
    disk: z.strictObject({ totalBytes: count, freeBytes: count, unreceiptedBytes: count }).nullable(),
    waiting: z.strictObject({ reason: z.string(), detail: z.string() }).nullable(),
    config: z.strictObject({ version: count, applied: count.nullable(), problem: z.string().nullable() }),
    key: z.strictObject({ kid: z.string(), createdAt: time, dueAt: time.nullable() }).nullable(),
    lastRecording: z.strictObject({ id: z.string(), startAt: time }).nullable(),
    alarms: z.array(z.strictObject(alarmMembers)),
    condition: z
      .enum([
        "pending",
        "suspended",
        "revoked",
        "silent",
        "trouble",
        "never_seen",
        "uploads_only",
        "waiting",
        "sending",
        "idle",
      ])
      .describe(
        "What it does now: its state when it is not active, and what needs somebody before what goes by itself.",
      ),
  })
  .meta({ id: "FleetRow" });

const partCounts = Object.fromEntries(fleetParts.map((part) => [part, count])) as Record<FleetPart, typeof count>; // one for each

const fleetPage = shapeOf<FleetPage>()(
  pageOf(fleetRow)
    .extend({ counts: z.strictObject(partCounts).describe("How many the filter finds in each part.") })
    .meta({ id: "FleetPage" }),
);

const sidecarPath = "/api/recordings/{id}/sidecars/{name}";

export const fleet: Area = {
  name: "Fleet",
  description: "What devices are told, and what they say of themselves beside recordings.",
  operations: [
    {
      method: "GET",
      path: deviceConfigPath,
      id: "getDeviceConfig",
      summary: "What the archive decides for the device that asks",
      caller: "device",
      parameters: [field("If-None-Match", z.string().optional(), "The entity tag of what it has.")],
      answers: {
        200: json("The configuration.", config, { ETag: "Its version." }),
        304: { description: "What you have.", type: null, headers: { ETag: "Its version." } },
      },
      refuses: ["method_not_allowed"],
    },
    {
      method: "POST",
      path: deviceHeartbeatPath,
      id: "sendHeartbeat",
      summary: "How a device is; every member beside the first three may be missing",
      caller: "device",
      body: jsonBody(heartbeatSchema),
      answers: { 200: json("What the device should know.", heartbeatAnswer) },
      refuses: ["method_not_allowed"],
    },
    {
      method: "POST",
      path: deviceStatementsPath,
      id: "recordStatement",
      summary: "A signed statement: a recording will not come, or none was made",
      caller: "device",
      body: { type: statementMediaType, schema: z.string(), description: "The statement as a JWS in compact form." },
      answers: { 200: json("It was here.", statement), 201: json("It is kept.", statement) },
      refuses: [
        "statement_invalid",
        "manifest_key_unknown",
        "manifest_signature_invalid",
        "unsupported_media_type",
        "too_large",
        "method_not_allowed",
      ],
    },
    {
      method: "GET",
      path: "/api/devices/live",
      id: "watchFleet",
      summary: "Server-sent events: `changed` whenever some device did, about once a second at most",
      caller: "person",
      answers: { 200: { description: "A stream of events that ends with the session.", type: "text/event-stream" } },
      refuses: ["method_not_allowed"],
    },
    {
      method: "GET",
      path: "/api/devices/fleet",
      id: "listFleet",
      summary: "A page of the fleet: how each device is, and how many are in each condition",
      caller: "person",
      parameters: [
        query("show", z.enum(fleetParts), "One part of it; without it, all that are not revoked."),
        query("site", z.string(), "Id of a site; `none`: devices that move."),
        query("policy", z.string(), "Id of a policy."),
        query(
          "q",
          z.string().max(200),
          "Part of a device's name, of its own id, of its site's name, or of its id here.",
        ),
        query("sort", z.string(), `One of ${fleetSortKeys.join(", ")}; a hyphen before it turns the order round.`),
        ...paging,
      ],
      answers: { 200: json("The page.", fleetPage) },
      refuses: [],
    },
    {
      method: "GET",
      path: "/api/devices/alarms",
      id: "listDeviceAlarms",
      summary: "All that is wrong in the fleet now, what is urgent first",
      caller: "person",
      answers: { 200: json("The alarms.", rowsOf(alarm)) },
      refuses: [],
    },
    {
      method: "GET",
      path: "/api/devices/{id}/wanted",
      id: "listWantedFiles",
      summary: "Files that a device was asked for, newest first",
      caller: "person",
      answers: { 200: json("The files.", rowsOf(wanted)) },
      refuses: ["not_found"],
    },
    {
      method: "POST",
      path: "/api/devices/{id}/wanted",
      id: "askForFile",
      summary: "Asks a device for one file, by name, SHA-256 or both, before all others",
      caller: "person",
      body: jsonBody(wantedInput, "deviceId"),
      answers: { 201: json("It hears of it with its next heartbeat.", wanted) },
      refuses: ["not_found", "unsupported_media_type", "conflict", "state_conflict"],
    },
    {
      method: "DELETE",
      path: "/api/devices/{id}/wanted/{wanted}",
      id: "cancelWantedFile",
      summary: "Asks for it no longer",
      caller: "person",
      answers: { 204: empty("It is asked for no longer.") },
      refuses: ["not_found", "state_conflict"],
    },
    {
      method: "PUT",
      path: sidecarPath,
      id: "putSidecar",
      summary: "Brings a small file that a manifest of the recording names",
      caller: "device",
      body: { type: "application/octet-stream", schema: null, description: "Its bytes, at most 4 MiB." },
      answers: { 200: json("It was here.", sidecar), 201: json("It is durable.", sidecar) },
      refuses: [
        "not_found",
        "conflict",
        "checksum_mismatch",
        "unsupported_media_type",
        "too_large",
        "insufficient_storage",
        "method_not_allowed",
      ],
    },
    {
      method: "GET",
      path: sidecarPath,
      id: "getSidecar",
      summary: "A sidecar's bytes, for its own device and for who may read the recording's",
      caller: "person or device",
      answers: {
        200: {
          description: "The bytes, as a file to keep.",
          type: "*/*",
          headers: {
            ETag: "The SHA-256 in hexadecimal digits.",
            "Repr-Digest": "SHA-256 (RFC 9530).",
            "Content-Disposition": "Its name (RFC 6266).",
          },
        },
      },
      refuses: ["not_found", "method_not_allowed"],
    },
  ],
};
