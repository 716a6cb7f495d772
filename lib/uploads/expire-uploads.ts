import type { Prisma } from "../../generated/prisma/client.ts";
import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError } from "../errors.ts";
import { endParts, lockParts, removeBytes } from "./end-upload.ts";
import { subjectOf, type UploadRow } from "./internal.ts";

const pageSize = 200;

type Abandoned = Pick<UploadRow, "id" | "recordingId" | "deviceId" | "kind"> & {
  offsetBytes: bigint;
  lastActivityAt: Date;
};

/**
 * What is abandoned, but by the devices of which all is kept: a file, or a part that no file wants, also a complete one; and a file of parts of which some are
 * not complete and none brings anything. One whose parts are complete is the archive's own to finish.
 */
function abandoned(before: Date, kept: string[]): Prisma.UploadWhereInput[] {
  const isSilent = { lastActivityAt: { lt: before }, deviceId: { notIn: kept } };
  return [
    { ...isSilent, kind: "whole", state: "open" },
    { ...isSilent, kind: "part", state: { in: ["open", "complete"] }, finalUploadId: null },
    {
      ...isSilent,
      kind: "final",
      state: "open",
      AND: [{ parts: { some: { state: "open" } } }, { parts: { none: { lastActivityAt: { gte: before } } } }],
    },
  ];
}

/**
 * Job `upload.expire`: ends open uploads that have brought nothing for a time (tus 1.0, Expiration). Their bytes go;
 * their recordings stay as rows that were never received, and custody says why. Safe to run twice and beside itself,
 * and beside writers: an upload under a lease is not abandoned.
 *
 * @param expiresMs without activity
 * @returns how many uploads ended
 * @throws AppError forbidden for anyone but the archive itself
 */
export async function expireUploads(ctx: Context, expiresMs: number, signal?: AbortSignal): Promise<number> {
  if (ctx.actor.kind !== "system") throw new AppError("forbidden", "Only the archive itself does this.");
  const before = new Date(ctx.clock.now().getTime() - expiresMs);
  let expired = 0;
  const kept = await revokedDevices(ctx);
  for (let after = ""; signal?.aborted !== true; ) {
    const page = await ctx.db.upload.findMany({
      where: { OR: abandoned(before, kept), id: { gt: after } },
      orderBy: { id: "asc" },
      take: pageSize,
      select: { id: true, recordingId: true, deviceId: true, kind: true, offsetBytes: true, lastActivityAt: true },
    });
    for (const upload of page) if (await expireOne(ctx, upload, before)) expired += 1;
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) break;
    after = last.id;
  }
  return expired;
}

/** What a revoked device left unfinished is evidence of what it did, and stays. */
async function revokedDevices(ctx: Context): Promise<string[]> {
  const rows = await ctx.db.$queryRaw<{ id: string }[]>`
    SELECT d.id FROM device d WHERE d.state = 'revoked' AND EXISTS (
      SELECT 1 FROM upload u WHERE u.device_id = d.id AND u.state <> 'terminated')`;
  return rows.map(({ id }) => id);
}

async function expireOne(ctx: Context, upload: Abandoned, before: Date): Promise<boolean> {
  const { id: uploadId, lastActivityAt } = upload;
  const isExpired = await ctx.db.$transaction(async (tx) => {
    await lockParts(tx, upload);
    // On the database's clock, like every lease; the new fence keeps out a writer that was frozen.
    const count = await tx.$executeRaw`
      UPDATE upload SET state = 'terminated', fence = fence + 1, lease_until = NULL, lease_wanted = false
       WHERE id = ${uploadId} AND (state = 'open' OR (kind = 'part' AND state = 'complete'))
         AND NOT EXISTS (SELECT 1 FROM device d WHERE d.id = device_id AND d.state = 'revoked')
         AND final_upload_id IS NULL AND last_activity_at < ${before}
         AND (lease_until IS NULL OR lease_until <= clock_timestamp())
         AND NOT EXISTS (
           SELECT 1 FROM upload p WHERE p.final_upload_id = ${uploadId}
              AND (p.last_activity_at >= ${before} OR p.lease_until > clock_timestamp()))`;
    if (count === 0) return false;
    await endParts(tx, upload);
    const details = {
      uploadId,
      offsetBytes: Number(upload.offsetBytes),
      lastActivityAt: lastActivityAt.toISOString(),
    };
    await recordEvent(ctx, tx, { action: "upload.expired", ...subjectOf(upload), deviceId: upload.deviceId, details });
    return true;
  });
  // After the commit, as when a device ends an upload: never a row without its bytes.
  if (isExpired) ctx.metrics.add("expiredUploads");
  if (isExpired) await removeQuietly(ctx, upload);
  return isExpired;
}

/** The others must not wait for one whose bytes do not go. */
async function removeQuietly(ctx: Context, upload: Abandoned): Promise<void> {
  try {
    await removeBytes(ctx, upload);
  } catch (error) {
    ctx.log.error({ err: error, uploadId: upload.id }, "the bytes of an expired upload could not be removed");
  }
}
