import type { Context, Transaction } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { newId } from "../ids.ts";
import { sha256HexOf } from "../protocol/index.ts";
import { getSettings } from "../settings/index.ts";
import type { LockedRequest } from "./internal.ts";

/**
 * Opens the release of an approved scope, in the transaction of the second approval. Custody gets an event per
 * recording, so that each one's own chain says to whom it left.
 *
 * @returns the release's id
 */
export async function openRelease(
  ctx: Context,
  tx: Transaction,
  request: LockedRequest,
  scope: Buffer<ArrayBuffer>,
): Promise<string> {
  const id = newId("release");
  const openedAt = ctx.clock.now();
  const { releaseDays } = await getSettings(tx);
  const openUntil = new Date(openedAt.getTime() + releaseDays * 86_400_000);
  const recordingIds = request.recordings.map(({ recording }) => recording.id);
  await tx.release.create({
    data: { id, requestId: request.id, requesterId: request.requesterId, scopeSha256: scope, openedAt, openUntil },
  });
  await tx.releaseRecording.createMany({ data: recordingIds.map((recordingId) => ({ releaseId: id, recordingId })) });
  for (const recordingId of recordingIds) {
    await recordEvent(ctx, tx, {
      action: "release.opened",
      requestId: request.id,
      releaseId: id,
      recordingId,
      accountId: request.requesterId,
      details: { openUntil: openUntil.toISOString(), scopeSha256: sha256HexOf(scope) },
    });
  }
  return id;
}
