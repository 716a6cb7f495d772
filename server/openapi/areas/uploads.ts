import { z } from "zod";
import type { Answer, Area, Operation, Parameter } from "../operation.ts";
import { empty } from "../operation.ts";
import { field } from "../shapes.ts";

const offsetStream = "application/offset+octet-stream";
/** By the IETF draft, the body of a creation has the media type of the file. */
const anyType = ["*/*"];
const version = field("Tus-Resumable", z.literal("1.0.0").optional(), "Version of tus; missing: the IETF draft.");
const checksum = field("Upload-Checksum", z.string().optional(), "Algorithm and Base64 digest of the body.");
const offset = "Durable bytes. They need not be sent again.";
const expires = "When the upload ends unless more bytes come.";
const recording = "Id of the recording that this becomes.";
const tus = { "Tus-Resumable": "1.0.0" };
/** What only clients of the IETF draft are told. */
const draft = {
  "Upload-Complete": "`?1` when every byte is here (IETF draft).",
  "Upload-Limit": "Longest file and time left (IETF draft).",
};

const draftParameters: Parameter[] = [
  field("Upload-Draft-Interop-Version", z.literal("8").optional(), "Version of the IETF draft; with it 104 comes too."),
  field("Upload-Complete", z.enum(["?0", "?1"]).optional(), "Whether this body is the last (IETF draft)."),
  field("Content-Digest", z.string().optional(), "Digest of the body (IETF draft)."),
];

const refusals = ["unsupported_version", "too_many_requests", "method_not_allowed"] as const;
const bodyRefusals = [
  "length_invalid",
  "too_large",
  "unsupported_media_type",
  "checksum_mismatch",
  "idle_timeout",
  "too_slow",
  "client_closed",
  "locked",
  "upload_damaged",
  "insufficient_storage",
  "chunk_mismatch",
  "digest_mismatch",
  "digest_invalid",
  "digest_unsupported",
] as const;

const one = { path: "/api/uploads/{id}", caller: "device" } as const;

const create: Operation = {
  method: "POST",
  path: "/api/uploads",
  id: "createUpload",
  summary: "Announces a recording, and may bring its first bytes",
  caller: "device",
  parameters: [
    version,
    field("Upload-Length", z.string().regex(/^\d+$/).optional(), "Length of the file in bytes."),
    field("Upload-Defer-Length", z.literal("1").optional(), "The length comes later."),
    field("Upload-Metadata", z.string().optional(), "Keys, and values in Base64: see docs/protocol.md."),
    field("Upload-Concat", z.string().optional(), "`partial`, or `final;` and the addresses of the parts."),
    checksum,
    ...draftParameters,
    field("Repr-Digest", z.string().optional(), "SHA-256 of the whole file (IETF draft)."),
    field("Content-Disposition", z.string().optional(), "The file's name (IETF draft)."),
  ],
  body: { type: offsetStream, others: anyType, schema: null, isOptional: true },
  answers: {
    201: empty("The upload is open.", {
      ...tus,
      Location: "Address of the upload.",
      "Strongroom-Recording": recording,
      "Upload-Offset": offset,
      "Upload-Expires": expires,
      ...draft,
    }),
  },
  refuses: [...refusals, ...bodyRefusals, "metadata_invalid", "conflict", "offset_conflict"],
};

const head: Operation = {
  ...one,
  method: "HEAD",
  id: "getUpload",
  summary: "How far an upload is. Answers at once, also while bytes arrive",
  parameters: [version, ...draftParameters.slice(0, 1)],
  answers: {
    200: empty("The upload.", {
      ...tus,
      "Upload-Offset": offset,
      "Upload-Length": "Length of the file in bytes; missing while it is not known.",
      "Upload-Defer-Length": "1 while the length is not known.",
      "Upload-Metadata": "As it came.",
      "Upload-Concat": "As it came, of a part and of what was made of parts.",
      "Strongroom-Recording": recording,
      "Upload-Expires": expires,
    }),
    204: empty("The upload, as clients of the IETF draft ask.", {
      "Upload-Offset": offset,
      "Upload-Length": "Length of the file in bytes.",
      "Strongroom-Recording": recording,
      "Upload-Expires": expires,
      "Repr-Digest": "SHA-256 of the file, once the archive knows it.",
      ...draft,
    }),
  },
  refuses: [...refusals, "not_found", "upload_gone", "locked"],
};

const patch: Operation = {
  ...one,
  method: "PATCH",
  id: "appendToUpload",
  summary: "Brings bytes",
  parameters: [
    version,
    field("Upload-Offset", z.string().regex(/^\d+$/), "Where the body begins."),
    checksum,
    ...draftParameters,
  ],
  body: { type: offsetStream, others: ["application/partial-upload"], schema: null },
  answers: {
    204: empty("What arrived is durable. It may be less than was sent: go on from Upload-Offset.", {
      ...tus,
      "Upload-Offset": offset,
      "Strongroom-Recording": recording,
      "Upload-Expires": expires,
      ...draft,
    }),
    201: empty("The file is complete (IETF draft).", {
      Location: "Address of the upload.",
      "Upload-Offset": offset,
      "Strongroom-Recording": recording,
      ...draft,
    }),
  },
  refuses: [
    ...refusals,
    ...bodyRefusals,
    "completed_upload",
    "not_found",
    "upload_gone",
    "upload_final",
    "offset_conflict",
  ],
};

const remove: Operation = {
  ...one,
  method: "DELETE",
  id: "endUpload",
  summary: "Ends an upload that is not complete",
  parameters: [version],
  answers: { 204: empty("The upload is over and its bytes are gone.", tus) },
  refuses: [...refusals, "not_found", "upload_gone", "upload_complete", "state_conflict", "locked"],
};

const configuration: Answer = empty("What this endpoint offers.", {
  ...tus,
  "Upload-Limit": draft["Upload-Limit"],
  "Tus-Version": "Versions of tus.",
  "Tus-Extension": "Extensions of tus.",
  "Tus-Max-Size": "Longest file in bytes.",
  "Tus-Checksum-Algorithm": "Algorithms of Upload-Checksum.",
  "Accept-Patch": "The media type of a PATCH of the IETF draft.",
});

function ask(path: string, id: string): Operation {
  const parameters: Parameter[] = [];
  const answers = { 204: configuration };
  return {
    method: "OPTIONS",
    path,
    id,
    summary: "What is offered",
    caller: "anybody",
    parameters,
    answers,
    refuses: [],
  };
}

export const uploads: Area = {
  name: "Uploads",
  description:
    "tus 1.0 and the IETF draft Resumable Uploads for HTTP: recordings come in, chunk by chunk, over any link. " +
    "docs/protocol.md has the details.",
  operations: [
    create,
    ask("/api/uploads", "getUploadOptions"),
    head,
    patch,
    remove,
    ask("/api/uploads/{id}", "getUploadOptionsOfOne"),
  ],
};
