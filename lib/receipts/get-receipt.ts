import type { RecordingState } from "../../generated/prisma/client.ts";
import type { Context } from "../context.ts";
import { AppError } from "../errors.ts";
import { readReceipt } from "../protocol/index.ts";
import { getDeviceRecording, getRecording } from "../recordings/index.ts";
import type { ReceiptView } from "./types.ts";

const whyNone: Partial<Record<RecordingState, string>> = {
  receiving: "It has not arrived whole yet, so there is no receipt.",
  received: "It is being read back and verified; there is a receipt once it is sealed.",
  quarantined: "It is in quarantine. There is no receipt for it.",
};

/**
 * The receipt of a recording, for whoever may know of the recording: its device, people by their role, a requester to
 * whom it was released.
 *
 * @throws AppError unauthenticated, forbidden, not_found; state_conflict when it is not sealed; unavailable while the
 *   receipt is being made
 */
export async function getReceipt(ctx: Context, id: string): Promise<ReceiptView> {
  const { id: recordingId, state } = await (ctx.actor.kind === "device"
    ? getDeviceRecording(ctx, id)
    : getRecording(ctx, id));
  const reason = whyNone[state];
  if (reason !== undefined) throw new AppError("state_conflict", reason);
  const view = await findReceipt(ctx, recordingId);
  if (view !== null) return view;
  throw new AppError("unavailable", "The receipt is being made; ask again in a moment.", { retryAfterSeconds: 1 });
}

/** A recording's receipt whatever became of the recording since; null: none yet. The caller has looked at the rights. */
export async function findReceipt(ctx: Context, recordingId: string): Promise<ReceiptView | null> {
  const row = await ctx.db.receipt.findUnique({ where: { recordingId } });
  if (row === null) return null;
  const { receipt } = readReceipt(row.jws);
  const checkpoint = receipt.log.proof.split("\n\n")[1]?.split("\n") ?? [];
  return {
    recordingId,
    jws: row.jws,
    kid: row.kid,
    issuedAt: row.createdAt,
    logIndex: Number(row.logIndex),
    logOrigin: receipt.log.origin,
    treeSize: Number(checkpoint[1]),
    content: receipt,
    fileName: `${recordingId}.receipt.jws`,
  };
}
