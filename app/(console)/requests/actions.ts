"use server";

import type { ActionResult } from "@/components/ui/form";
import {
  approveRequest,
  closeRequest,
  type DecideRecording,
  type DenyRequest,
  decideRecording,
  denyRequest,
  openRequest,
  withdrawApproval,
  withdrawRelease,
  withdrawRequest,
} from "@/lib/access/index.ts";
import { action } from "../../_server/context";

type Action = (data: FormData) => Promise<ActionResult>;

const text = (data: FormData, name: string) => String(data.get(name) ?? "");

/** Fields: requestId. */
export const openAction: Action = action(async (ctx, data: FormData) => {
  await openRequest(ctx, { requestId: text(data, "requestId") });
});

/** Fields: requestId, recordingId, decision, reason. */
export const decideAction: Action = action(async (ctx, data: FormData) => {
  await decideRecording(ctx, {
    requestId: text(data, "requestId"),
    recordingId: text(data, "recordingId"),
    decision: text(data, "decision") as DecideRecording["decision"], // the verb checks it
    reason: text(data, "reason") || null,
  });
});

/** Fields: requestId, scopeSha256. */
export const approveAction: Action = action(async (ctx, data: FormData) => {
  await approveRequest(ctx, { requestId: text(data, "requestId"), scopeSha256: text(data, "scopeSha256") });
});

/** Fields: requestId. */
export const withdrawApprovalAction: Action = action(async (ctx, data: FormData) => {
  await withdrawApproval(ctx, { requestId: text(data, "requestId") });
});

/** Fields: requestId, reason, text. */
export const denyAction: Action = action(async (ctx, data: FormData) => {
  await denyRequest(ctx, {
    requestId: text(data, "requestId"),
    reason: text(data, "reason") as DenyRequest["reason"], // the verb checks it
    text: text(data, "text"),
  });
});

/** Fields: requestId. */
export const closeAction: Action = action(async (ctx, data: FormData) => {
  await closeRequest(ctx, { requestId: text(data, "requestId") });
});

/** Fields: requestId. */
export const withdrawAction: Action = action(async (ctx, data: FormData) => {
  await withdrawRequest(ctx, { requestId: text(data, "requestId") });
});

/** Fields: releaseId, reason. */
export const withdrawReleaseAction: Action = action(async (ctx, data: FormData) => {
  await withdrawRelease(ctx, { releaseId: text(data, "releaseId"), reason: text(data, "reason") });
});
