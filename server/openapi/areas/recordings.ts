import { z } from "zod";
import { DigestOriginator, ManifestChain, RecordingState } from "../../../generated/prisma/enums.ts";
import {
  type AnnouncedView,
  type DeviceRecordingView,
  manifestMediaType,
  tombstoneReasons,
} from "../../../lib/protocol/index.ts";
import {
  type ChunkRow,
  type Grant,
  type ManifestView,
  openRecordingInput,
  type RecordingDetail,
  type RecordingRow,
  recordingFilterInput,
} from "../../../lib/recordings/index.ts";
import type { Answer, Area, Operation, Parameter } from "../operation.ts";
import { empty, json, jsonBody } from "../operation.ts";
import { count, field, may, pageOf, paging, pagingOf, query, rowsOf, sha256, shapeOf, time } from "../shapes.ts";
import { eventRow } from "./custody.ts";

const rowMembers = {
  id: z.string(),
  state: z.enum(RecordingState),
  fileName: z.string(),
  mediaType: z.string(),
  startAt: time,
  endAt: time,
  isCaptureDeclared: z.boolean(),
  durationMs: count.nullable(),
  sizeBytes: count.nullable(),
  offsetBytes: count,
  isAbandoned: z.boolean(),
  source: z.string().nullable(),
  alias: z.string().nullable(),
  place: z.string().nullable(),
  site: z.strictObject({ id: z.string(), name: z.string(), timeZone: z.string() }).nullable(),
  device: z.strictObject({ id: z.string(), name: z.string() }),
  createdAt: time,
  receivedAt: time.nullable(),
  sealedAt: time.nullable(),
};

export const recordingRow = shapeOf<RecordingRow>()(z.strictObject(rowMembers).meta({ id: "RecordingRow" }));

/** Members of a released recording beside those of its row. */
export const releasedMembers = {
  ...rowMembers,
  sha256,
  digestOriginator: z.enum(DigestOriginator),
  contentPath: z.string(),
};

// A device may sign more than is known here: such members are handed on as they came.
const manifestFacts = z.looseObject({
  complete: z.boolean(),
  clock: z
    .looseObject({ source: z.string(), offsetMs: z.number().optional(), uncertaintyMs: z.number().optional() })
    .optional(),
  tags: z.array(z.string()).optional(),
  sidecars: z.array(z.looseObject({ name: z.string(), sizeBytes: count, sha256 })).optional(),
});

const manifest = shapeOf<ManifestView>()(
  z
    .strictObject({
      sha256,
      sequence: count,
      previousSha256: sha256.nullable(),
      chain: z.enum(ManifestChain).nullable(),
      isPreviousHere: z.boolean(),
      kid: z.string(),
      keyRevokedAt: time.nullable(),
      chunkSizeBytes: count,
      chunkCount: count,
      receivedAt: time,
      setAsideAt: time.nullable(),
      facts: manifestFacts,
    })
    .meta({ id: "Manifest" }),
);

const detail = shapeOf<RecordingDetail>()(
  z
    .strictObject({
      ...rowMembers,
      sha256: sha256.nullable(),
      declaredSha256: sha256.nullable(),
      digestOriginator: z.enum(DigestOriginator),
      quarantinedAt: time.nullable(),
      quarantineReason: z.string().nullable(),
      quarantineFinding: z
        .strictObject({
          firstBadChunk: count.nullable(),
          firstBadByte: count.nullable(),
          expectedSha256: sha256.nullable(),
          actualSha256: sha256.nullable(),
          actualBytes: count.nullable(),
          wasSealed: z.boolean(),
        })
        .nullable(),
      metadata: z.unknown(),
      chunkSizeBytes: count,
      interruptions: count,
      manifests: z.array(manifest),
      sidecars: z.array(
        z.strictObject({
          ...{ name: z.string(), sizeBytes: count, sha256, receivedAt: time.nullable() },
          ...{ setAsideAt: time.nullable(), path: z.string() },
        }),
      ),
      willNotCome: z
        .strictObject({ reason: z.enum(tombstoneReasons), sequence: count, receivedAt: time })
        .nullable()
        .describe("What its device signed about why it will not come."),
      repeatOf: z.string().nullable(),
      repeats: z.array(z.string()),
      sameBytes: z.array(
        z.strictObject({ id: z.string(), device: z.strictObject({ id: z.string(), name: z.string() }) }),
      ),
      grant: z.strictObject({ purpose: z.string(), openUntil: time }).nullable(),
      can: z.strictObject({ open: may, download: may }),
    })
    .meta({ id: "Recording" }),
);

const deviceMembers = {
  id: z.string(),
  state: z.enum(RecordingState),
  fileName: z.string(),
  sizeBytes: count.nullable(),
  sha256: sha256.nullable(),
  declaredSha256: sha256.nullable(),
  digestOriginator: z.enum(DigestOriginator),
  repeatOf: z.string().nullable(),
  receivedAt: time.nullable(),
  sealedAt: time.nullable(),
  quarantineReason: z.string().nullable(),
  firstBadChunk: count.nullable(),
  receipt: z.string().nullable(),
};

const deviceView = shapeOf<DeviceRecordingView>()(
  z
    .strictObject(deviceMembers)
    .meta({ id: "DeviceRecording", description: "What a device may know of its own recording." }),
);

const chunk = shapeOf<ChunkRow>()(
  z
    .strictObject({
      index: count,
      offsetBytes: count,
      lengthBytes: count,
      sha256: sha256.nullable(),
      receivedAt: time,
      receivedFrom: z.string(),
    })
    .meta({ id: "Chunk" }),
);

const grant = shapeOf<Grant>()(
  z
    .strictObject({ id: z.string(), recordingId: z.string(), purpose: z.string(), openedAt: time, openUntil: time })
    .meta({ id: "Grant" }),
);

const announced = shapeOf<AnnouncedView>()(
  z
    .strictObject({
      recording: z.string(),
      state: z.enum(RecordingState),
      upload: z.string(),
      offsetBytes: count,
      sizeBytes: count,
      manifestSha256: sha256,
      sequence: count,
      chain: z.enum(ManifestChain),
    })
    .meta({ id: "Announced" }),
);

const formReceipt = z
  .strictObject({ ...deviceMembers, links: z.strictObject({ self: z.string(), receipt: z.string() }) })
  .meta({ id: "FormReceipt", description: "The answer to a form: the recording that it brought." });

const announcedHeaders = {
  Location: "Address of the upload.",
  "Strongroom-Recording": "Its id.",
  "Upload-Offset": "Durable bytes of it.",
};

const announce: Operation = {
  method: "POST",
  path: "/api/recordings",
  id: "announceRecording",
  summary: "Announces a recording by a signed manifest, or brings one whole in a form",
  caller: "device",
  parameters: [field("Content-Digest", z.string().optional(), "SHA-256 or SHA-512 of the whole form (RFC 9530).")],
  body: {
    type: manifestMediaType,
    others: ["multipart/form-data"],
    schema: z.string(),
    description:
      "The manifest as a JWS in compact form. Or a form: fields named as in Upload-Metadata, with size and manifest beside, and last the file in a part named file.",
  },
  answers: {
    200: json("It was announced before: go on where it is.", z.union([announced, formReceipt]), announcedHeaders),
    201: json("Its upload is open, or the form brought it.", z.union([announced, formReceipt]), announcedHeaders),
  },
  refuses: [
    "manifest_invalid",
    "manifest_key_unknown",
    "manifest_signature_invalid",
    "unsupported_media_type",
    "too_large",
    "too_many_requests",
    "insufficient_storage",
    "idle_timeout",
    "client_closed",
    // Of a form:
    "metadata_invalid",
    "length_invalid",
    "offset_conflict",
    "digest_invalid",
    "digest_unsupported",
    "digest_mismatch",
    "checksum_mismatch",
    "chunk_mismatch",
    "too_slow",
    "locked",
    "upload_damaged",
  ],
};

const { from, until, siteId, deviceId, state, text, digest } = recordingFilterInput.shape;

const list: Operation = {
  method: "GET",
  path: "/api/recordings",
  id: "listRecordings",
  summary: "A page of the catalogue, newest start first",
  caller: "person",
  parameters: [
    query("from", from, "With `until`: recordings that overlap this interval."),
    query("until", until, "End of the interval; not part of it."),
    query("site", siteId, "Id of a site."),
    query("device", deviceId, "Id of a device."),
    query("state", state, "State of the recording."),
    query("q", text, "Words that must all occur in id, file name, source, alias, place, device or site."),
    query("digest", digest, "SHA-256, or its first 8 digits or more."),
    ...paging,
  ],
  answers: { 200: json("The page.", pageOf(recordingRow)) },
  refuses: [],
};

const of = (path: string) => `/api/recordings/{id}${path}`;

/** Fields of every answer about a file's bytes. */
const contentHeaders = {
  ETag: "The SHA-256 in hexadecimal digits.",
  "Repr-Digest": "SHA-256 of the whole file (RFC 9530), also on parts.",
  "Accept-Ranges": "bytes",
  "Content-Disposition": "Name of the file (RFC 6266).",
};

const contentParameters: readonly Parameter[] = [
  query("disposition", z.enum(["inline", "attachment"]).optional(), "`inline` for a player."),
  field("Range", z.string().optional(), "Stretches of bytes (RFC 9110)."),
  field("If-Match", z.string().optional(), "Only this file."),
  field("If-None-Match", z.string().optional(), "Not this file."),
  field("If-Range", z.string().optional(), "The whole file, unless it is this one."),
];

const bytes = (description: string): Answer => ({ description, type: "*/*", headers: contentHeaders });

/** The operations of one address of a file's bytes. */
export function contentOperations(path: string, id: string, parameters: readonly Parameter[] = []): Operation[] {
  const common = {
    path,
    caller: "person",
    parameters: [...parameters, ...contentParameters],
    refuses: ["not_found", "method_not_allowed", "state_conflict", "release_ended"],
  } as const;
  const answers = {
    200: bytes("The whole file."),
    206: bytes("Stretches of it."),
    304: empty("The file that you have.", contentHeaders),
    412: empty("Another file than the one you mean.", contentHeaders),
    416: empty("No such stretch.", contentHeaders),
  };
  return [
    { ...common, method: "GET", id: `get${id}`, summary: "One file, whole or in stretches", answers },
    {
      ...common,
      method: "HEAD",
      id: `head${id}`,
      summary: "What is known of a file, without its bytes",
      answers: { ...answers, 200: empty("The whole file.", contentHeaders) },
    },
  ];
}

export const recordings: Area = {
  name: "Recordings",
  description: "The catalogue, how each recording arrived, and its file.",
  operations: [
    list,
    announce,
    {
      method: "GET",
      path: of(""),
      id: "getRecording",
      summary: "One recording: for people what their role may know, for its own device whether it arrived",
      caller: "person or device",
      answers: { 200: json("The recording.", z.union([detail, deviceView])) },
      refuses: ["not_found"],
    },
    {
      method: "GET",
      path: of("/chunks"),
      id: "listChunks",
      summary: "Its chunks, as they arrived",
      caller: "person",
      parameters: pagingOf(10_000, 10_000),
      answers: { 200: json("The chunks in order.", pageOf(chunk)) },
      refuses: ["not_found"],
    },
    {
      method: "GET",
      path: of("/manifest"),
      id: "getManifest",
      summary: "What its device signed about it, as it came",
      caller: "person",
      parameters: [query("sha256", sha256.optional(), "Which one, when there are several; else the first.")],
      answers: {
        200: {
          description: "The manifest as a JWS in compact form.",
          type: manifestMediaType,
          headers: { "Content-Disposition": "Name of the file." },
        },
      },
      refuses: ["not_found"],
    },
    {
      method: "GET",
      path: of("/custody"),
      id: "listCustodyOfRecording",
      summary: "Its chain of custody, oldest first",
      caller: "person",
      answers: { 200: json("The events.", rowsOf(eventRow)) },
      refuses: ["not_found"],
    },
    {
      method: "POST",
      path: of("/grants"),
      id: "openRecording",
      summary: "Opens it for an officer who says what for",
      caller: "person",
      body: jsonBody(openRecordingInput, "id"),
      answers: { 201: json("The grant, and until when it holds.", grant) },
      refuses: ["not_found", "unsupported_media_type", "state_conflict"],
    },
    ...contentOperations(of("/content"), "Content"),
  ],
};
