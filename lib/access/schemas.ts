import { z } from "zod";
import { LegalBasis, MatchDecision, RequestState } from "../../generated/prisma/client.ts";
import { line, timeZone, wantedId } from "../input.ts";
import { hasUnprintable } from "../protocol/index.ts";
import { denialReasons } from "./denial-reasons.ts";

/** Several lines of words: line breaks and tabs are fine, other control characters are not. */
function words(minLength: number, maxLength: number) {
  return z
    .string("Write something here.")
    .trim()
    .min(minLength, `Write at least ${minLength} characters.`)
    .max(maxLength, `Write at most ${maxLength} characters.`)
    .refine(
      (text) => !hasUnprintable(text.replaceAll(/[\r\n\t]/g, " ")),
      "Leave out control and text-direction characters.",
    );
}

const id = z.string().max(32);

/** What a requester writes; the order comes beside it as a stream. */
export const submitRequestSchema = z.object({
  place: line(300),
  /** Null: the place is free text only. */
  siteId: wantedId.nullish(),
  /** Wall time in `timeZone`, or with its own offset. */
  intervalFrom: z.string().max(40),
  intervalUntil: z.string().max(40),
  timeZone: timeZone,
  legalBasis: z.enum(LegalBasis, "Choose what you rely on."),
  authority: line(200),
  reference: line(120),
  purpose: words(3, 2000),
  orderFileName: z.string().max(1024),
});
export type SubmitRequest = z.input<typeof submitRequestSchema>;

export const openRequestSchema = z.object({ requestId: id });
export type OpenRequest = z.input<typeof openRequestSchema>;

export const decideRecordingSchema = z
  .object({
    requestId: id,
    recordingId: id,
    decision: z.enum(MatchDecision, "Include it, exclude it, or say that it is unavailable."),
    /** Needed unless included. */
    reason: words(3, 500).nullish(),
  })
  .refine((input) => input.decision === "included" || typeof input.reason === "string", {
    path: ["reason"],
    error: "Say why it is left out.",
  });
export type DecideRecording = z.input<typeof decideRecordingSchema>;

export const approveRequestSchema = z.object({
  requestId: id,
  /** Scope digest that the approver saw, 64 hexadecimal digits. */
  scopeSha256: z.string().regex(/^[0-9a-f]{64}$/i, "Name the scope digest that you approve, 64 hexadecimal digits."),
});
export type ApproveRequest = z.input<typeof approveRequestSchema>;

export const withdrawApprovalSchema = z.object({ requestId: id });
export type WithdrawApproval = z.input<typeof withdrawApprovalSchema>;

const denialCodes = Object.keys(denialReasons) as (keyof typeof denialReasons)[]; // keys of an `as const` table
export const denyRequestSchema = z.object({
  requestId: id,
  reason: z.enum(denialCodes, "Choose a reason from the list."),
  text: words(3, 1000),
});
export type DenyRequest = z.input<typeof denyRequestSchema>;

export const withdrawRequestSchema = z.object({ requestId: id });
export type WithdrawRequest = z.input<typeof withdrawRequestSchema>;

export const closeRequestSchema = z.object({ requestId: id });
export type CloseRequest = z.input<typeof closeRequestSchema>;

export const withdrawReleaseSchema = z.object({ releaseId: id, reason: words(3, 500) });
export type WithdrawRelease = z.input<typeof withdrawReleaseSchema>;

/** One state, or `waiting`: those that an officer must still decide; without it all. */
export const listRequestsSchema = z.object({
  state: z.enum(["waiting", ...Object.values(RequestState)], "There is no such state.").optional(),
  cursor: z.string().max(200).optional(),
  limit: z.number("Ask for 1 to 100 rows.").int().min(1).max(100).default(50),
});
export type RequestFilter = z.input<typeof listRequestsSchema>;

export const listMatchesSchema = z.object({
  requestId: id,
  /** True: everything recorded then, wherever; false: what was recorded at the place. */
  everywhere: z.boolean().default(false),
});
export type ListMatches = z.input<typeof listMatchesSchema>;
