import type { Context, Transaction } from "../context.ts";
import { blobKeyOf, type UploadRow } from "./internal.ts";
import { partKey } from "./part-key.ts";

type Ended = Pick<UploadRow, "id" | "recordingId" | "deviceId" | "kind">;

/** Locks the parts of a final upload before its own row: the order in which a part is completed. */
export async function lockParts(tx: Transaction, { id, kind }: Ended): Promise<void> {
  if (kind === "final") await tx.$queryRaw`SELECT id FROM upload WHERE final_upload_id = ${id} ORDER BY id FOR UPDATE`;
}

/** Ends the parts of a final upload: nothing else may use them. The new fence keeps out whoever is writing one. */
export async function endParts(tx: Transaction, { id, kind }: Ended): Promise<void> {
  if (kind !== "final") return;
  await tx.$executeRaw`
    UPDATE upload SET state = 'terminated', fence = fence + 1, lease_until = NULL, lease_wanted = false
     WHERE final_upload_id = ${id} AND state <> 'terminated'`;
}

/**
 * Removes the bytes of an upload that was ended, and of its parts. After the commit: a kill in between leaves bytes
 * that nothing names, never a row without its bytes.
 */
export async function removeBytes(ctx: Context, upload: Ended): Promise<void> {
  await ctx.storage.remove(blobKeyOf(upload));
  if (upload.kind !== "final") return;
  const parts = await ctx.db.upload.findMany({ where: { finalUploadId: upload.id }, select: { id: true } });
  for (const { id } of parts) await ctx.storage.remove(partKey(id));
}
