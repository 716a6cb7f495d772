import { z } from "zod";
import { LegalBasis, MatchDecision, OrganisationKind, RequestState } from "../../../generated/prisma/enums.ts";
import {
  approveRequestSchema,
  decideRecordingSchema,
  denyRequestSchema,
  listRequestsSchema,
  submitRequestSchema,
} from "../../../lib/access/index.ts";
import type { MatchRow, RequestDetail, RequestList, RequestRow } from "../../../lib/access/types.ts";
import type { Area, Operation } from "../operation.ts";
import { json, jsonBody } from "../operation.ts";
import { count, may, nothing, query, sha256, shapeOf, time } from "../shapes.ts";
import { actionName } from "./custody.ts";
import { recordingRow } from "./recordings.ts";
import { releaseView } from "./releases.ts";

const rowMembers = {
  id: z.string(),
  state: z.enum(RequestState),
  requester: z.strictObject({
    id: z.string(),
    name: z.string(),
    badge: z.string().nullable(),
    organisation: z.string(),
    organisationKind: z.enum(OrganisationKind),
  }),
  place: z.string(),
  site: z.strictObject({ id: z.string(), name: z.string(), timeZone: z.string() }).nullable(),
  intervalFrom: time,
  intervalUntil: time,
  timeZone: z.string(),
  legalBasis: z.enum(LegalBasis),
  authority: z.string(),
  reference: z.string(),
  purpose: z.string(),
  createdAt: time,
  answerBy: time,
  approvals: count,
  includedCount: count,
  foundCount: count,
};

const row = shapeOf<RequestRow>()(z.strictObject(rowMembers).meta({ id: "RequestRow" }));

const list = shapeOf<RequestList>()(
  z
    .strictObject({
      rows: z.array(row),
      nextCursor: z.string().nullable(),
      countByState: z.record(z.enum(RequestState), count),
    })
    .meta({ id: "RequestList" }),
);

const match = shapeOf<MatchRow>()(
  z
    .strictObject({
      recording: recordingRow,
      decision: z.enum(MatchDecision).nullable(),
      reason: z.string().nullable(),
      decidedBy: z.string().nullable(),
      decidedAt: time.nullable(),
    })
    .meta({ id: "Match" }),
);

const detail = shapeOf<RequestDetail>()(
  z
    .strictObject({
      ...rowMembers,
      revision: count,
      order: z.strictObject({ fileName: z.string(), sizeBytes: count, sha256, isReadByCaller: z.boolean() }),
      denialReason: z.string().nullable(),
      endedAt: time.nullable(),
      steps: z.array(z.strictObject({ action: actionName, at: time })),
      matches: z.array(match),
      isMatchesComplete: z.boolean(),
      scopeSha256: sha256.nullable(),
      approvalsGiven: z.array(
        z.strictObject({
          ordinal: count,
          approver: z.strictObject({ id: z.string(), name: z.string() }),
          approvedAt: time,
          scopeSha256: sha256,
          voidedAt: time.nullable(),
        }),
      ),
      release: releaseView.nullable(),
      can: z.strictObject({
        open: may,
        match: may,
        approve: may,
        withdrawApproval: may,
        deny: may,
        withdraw: may,
        withdrawRelease: may,
        close: may,
      }),
    })
    .meta({ id: "Request" }),
);

const approved = z.strictObject({ ordinal: z.literal([1, 2]), releaseId: z.string().nullable() });

const of = (path: string) => `/api/requests/{id}${path}`;

/** An act upon one request. */
function act(path: string, id: string, summary: string, over: Partial<Operation> = {}): Operation {
  return {
    method: "POST",
    path: of(path),
    id,
    summary,
    caller: "person",
    answers: { 200: json("Done.", nothing) },
    refuses: ["not_found", "state_conflict", "own_request"],
    ...over,
  };
}

const { state, cursor, limit } = listRequestsSchema.shape;

export const requests: Area = {
  name: "Requests",
  description: "Somebody asks for recordings; two officers decide.",
  operations: [
    {
      method: "GET",
      path: "/api/requests",
      id: "listRequests",
      summary: "The inbox, or a requester's own requests",
      caller: "person",
      parameters: [
        query("state", state, "One state, or `waiting`: what an officer must still decide."),
        query("cursor", cursor, "`nextCursor` of another page's answer."),
        query("limit", limit, "Rows of one page."),
      ],
      answers: { 200: json("The page.", list) },
      refuses: [],
    },
    {
      method: "POST",
      path: "/api/requests",
      id: "submitRequest",
      summary: "Asks for recordings",
      caller: "person",
      body: {
        type: "multipart/form-data",
        description: "The fields first, the order (a PDF) last.",
        schema: submitRequestSchema.omit({ orderFileName: true }).extend({ order: z.file().mime("application/pdf") }),
      },
      answers: { 201: json("Its id.", z.strictObject({ id: z.string() }), { Location: "Address of the request." }) },
      refuses: ["too_large", "unsupported_media_type", "client_closed", "insufficient_storage", "too_many_requests"],
    },
    act("", "getRequest", "One request, whole", {
      method: "GET",
      answers: { 200: json("The request.", detail) },
      refuses: ["not_found"],
    }),
    act("/order", "getOrder", "The attached order", {
      method: "GET",
      answers: {
        200: {
          description: "The PDF, to keep and never to show.",
          type: "application/pdf",
          headers: { "Repr-Digest": "Its SHA-256 (RFC 9530).", "Content-Disposition": "Its name." },
        },
      },
      refuses: ["not_found"],
    }),
    act("/open", "openRequest", "An officer takes it up"),
    act("/decisions", "decideRecording", "An officer decides about one recording", {
      body: jsonBody(decideRecordingSchema, "requestId"),
    }),
    act("/approvals", "approveRequest", "An officer approves what they saw", {
      body: jsonBody(approveRequestSchema, "requestId"),
      answers: { 200: json("Which approval it is, and the release that the second one opened.", approved) },
      refuses: ["not_found", "state_conflict", "own_request", "already_approved"],
    }),
    act("/approvals", "withdrawApproval", "An officer takes their own first approval back", { method: "DELETE" }),
    act("/denial", "denyRequest", "An officer denies it", {
      body: jsonBody(denyRequestSchema, "requestId"),
    }),
    act("/withdrawal", "withdrawRequest", "The requester takes it back"),
    act("/closure", "closeRequest", "The requester confirms receipt, or an officer closes the matter"),
  ],
};
