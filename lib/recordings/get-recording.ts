import type { RecordingState } from "../../generated/prisma/client.ts";
import type { Context } from "../context.ts";
import { AppError, notFound } from "../errors.ts";
import { requireId } from "../input.ts";
import { type Person, roleMay, type System } from "../people/index.ts";
import { type DeviceRecordingView, receiptPath, sha256HexOf } from "../protocol/index.ts";
import { readSidecars } from "./list-sidecars.ts";
import { readManifests } from "./manifests.ts";
import { findQuarantineFinding } from "./quarantine-finding.ts";
import { toRecordingRow } from "./row.ts";
import { findSame } from "./same-bytes.ts";
import type { RecordingCan, RecordingDetail, RecordingRow, WillNotCome } from "./types.ts";
import { getVisible, seesReleasedOnly } from "./visible.ts";

const hexOrNull = (bytes: Uint8Array | null) => (bytes === null ? null : sha256HexOf(bytes));

/**
 * All that the archive knows about one recording, but not its bytes.
 *
 * @throws AppError unauthenticated, forbidden, not_found
 */
export async function getRecording(ctx: Context, id: string): Promise<RecordingDetail> {
  const { actor, recording } = await getVisible(ctx, id);
  const grant = actor.kind === "person" ? await findGrant(ctx, recording.id, actor.accountId) : null;
  const row = toRecordingRow(recording);
  const [manifests, same] = await Promise.all([
    readManifests(ctx, actor, recording.id),
    findSame(ctx, actor, recording),
  ]);
  return {
    ...row,
    sha256: hexOrNull(recording.sha256),
    declaredSha256: hexOrNull(recording.declaredSha256),
    digestOriginator: recording.digestOriginator,
    quarantinedAt: recording.quarantinedAt,
    quarantineReason: recording.quarantineReason,
    quarantineFinding: recording.state === "quarantined" ? await findQuarantineFinding(ctx, recording.id) : null,
    metadata: recording.metadata,
    chunkSizeBytes: recording.upload?.chunkSizeBytes ?? 0,
    interruptions: recording.upload?.interruptions ?? 0,
    manifests,
    sidecars: await readSidecars(ctx, actor, recording.id, manifests),
    willNotCome: recording.state === "receiving" ? await findTombstone(ctx, recording) : null,
    ...same,
    grant,
    can: recordingCan(actor, row, grant !== null),
  };
}

/** The newest of its device's statements that this recording will not come. */
async function findTombstone(
  ctx: Context,
  { id, deviceId }: { id: string; deviceId: string },
): Promise<RecordingDetail["willNotCome"]> {
  const [row] = await ctx.db.$queryRaw<{ reason: WillNotCome["reason"]; sequence: number; receivedAt: Date }[]>`
    SELECT s.facts->>'reason' AS reason, s.sequence::float8 AS sequence, s.received_at AS "receivedAt"
      FROM chain_statement s JOIN manifest m ON m.manifest_sha256 = s.of_manifest_sha256
     WHERE m.recording_id = ${id} AND s.device_id = ${deviceId} AND s.set_aside_at IS NULL
     ORDER BY s.received_at DESC, s.sequence DESC LIMIT 1`;
  return row ?? null;
}

async function findGrant(ctx: Context, recordingId: string, accountId: string): Promise<RecordingDetail["grant"]> {
  return ctx.db.accessGrant.findFirst({
    where: { recordingId, accountId, openUntil: { gt: ctx.clock.now() } },
    orderBy: { openUntil: "desc" },
    select: { purpose: true, openUntil: true },
  });
}

const unreadable: Partial<Record<RecordingState, string>> = {
  receiving: "It has not arrived whole yet.",
  received: "It is being read back and verified.",
  disposed: "It was disposed of; only its record remains.",
};

/** Why a recording's bytes cannot be read in this state; null: they can. Quarantined ones are kept and shown. */
export function whyUnreadable(state: RecordingState, isAbandoned = false): string | null {
  return isAbandoned ? "It was never received: its upload ended before it was whole." : (unreadable[state] ?? null);
}

function recordingCan(actor: Person | System, row: RecordingRow, hasGrant: boolean): RecordingCan {
  const unreadableNow = whyUnreadable(row.state, row.isAbandoned);
  const noVideo = "Your role sees no video.";
  // A requester who sees the recording at all has an open release of it.
  if (seesReleasedOnly(actor)) return { open: "You can download it.", download: unreadableNow };
  if (actor.kind === "system" || !roleMay(actor.role, "recordings.open")) return { open: noVideo, download: noVideo };
  return { open: unreadableNow, download: unreadableNow ?? (hasGrant ? null : "Open it first, and say what for.") };
}

/**
 * What a device may know of a recording of its own: whether it arrived, and whether it is sealed.
 *
 * @throws AppError unauthenticated when the caller is no device, not_found also for another device's recording
 */
export async function getDeviceRecording(ctx: Context, id: string): Promise<DeviceRecordingView> {
  if (ctx.actor.kind !== "device") throw new AppError("unauthenticated", "Send a device token.");
  const recordingId = requireId("recording", id);
  const recording = await ctx.db.recording.findFirst({
    where: { id: recordingId, deviceId: ctx.actor.deviceId },
    include: { receipt: { select: { recordingId: true } } },
  });
  if (recording === null) throw notFound("recording");
  const isQuarantined = recording.state === "quarantined";
  return {
    id: recording.id,
    state: recording.state,
    fileName: recording.fileName,
    sizeBytes: recording.sizeBytes === null ? null : Number(recording.sizeBytes),
    sha256: hexOrNull(recording.sha256),
    declaredSha256: hexOrNull(recording.declaredSha256),
    digestOriginator: recording.digestOriginator,
    repeatOf: recording.repeatOfId,
    receivedAt: recording.receivedAt?.toISOString() ?? null,
    sealedAt: recording.sealedAt?.toISOString() ?? null,
    quarantineReason: recording.quarantineReason,
    firstBadChunk: isQuarantined ? ((await findQuarantineFinding(ctx, recording.id))?.firstBadChunk ?? null) : null,
    receipt: recording.receipt === null || isQuarantined ? null : receiptPath(recording.id),
  };
}
