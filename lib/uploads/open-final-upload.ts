import type { Context, Transaction } from "../context.ts";
import { AppError } from "../errors.ts";
import { getUpload } from "./get-upload.ts";
import { requireDevice, type UploadRow } from "./internal.ts";
import { type OpenUploadInput, openUpload } from "./open-upload.ts";
import type { UploadConcat } from "./upload-concat.ts";

type Concat = Extract<UploadConcat, { kind: "final" }>;

/** Parts that cannot be had: one answer for what is unknown, another device's, ended, or no part. */
function noSuchPart(): AppError {
  const message = "Upload-Concat names an upload that is no part of this device's, or was ended.";
  return new AppError("invalid_input", message, { field: "Upload-Concat" });
}

/** Part rows in the order of the file; not all of them when some cannot be had. */
async function findParts(db: Context["db"] | Transaction, deviceId: string, partIds: readonly string[]) {
  const rows = await db.upload.findMany({
    where: { id: { in: [...partIds] }, deviceId, kind: "part" },
    select: { id: true, state: true, lengthBytes: true, finalUploadId: true, partIndex: true },
  });
  const byId = new Map(rows.map((row) => [row.id, row]));
  return partIds.flatMap((id) => byId.get(id) ?? []);
}

/**
 * Announces a recording whose file the archive puts together from parts, also from some that are not complete yet
 * (tus 1.0, Concatenation). A part belongs to one file. The same request again, which a client sends that never got
 * the answer, is answered with the same upload.
 *
 * @param maxBytes longest file; of parts whose lengths are not all known yet, each was limited for itself
 * @throws AppError invalid_input, too_large, conflict when a part belongs to another file, and what openUpload throws
 */
export async function openFinalUpload(
  ctx: Context,
  input: Omit<OpenUploadInput, "lengthBytes">,
  concat: Concat,
  maxBytes: number,
): Promise<UploadRow> {
  const { deviceId } = requireDevice(ctx);
  const parts = await findParts(ctx.db, deviceId, concat.partIds);
  if (parts.length < concat.partIds.length) throw noSuchPart();
  const known = await findSame(ctx, input, concat);
  if (known !== null) return known;
  if (parts.some(({ state }) => state === "terminated")) throw noSuchPart();
  const lengthBytes = parts.every((part) => part.lengthBytes !== null)
    ? parts.reduce((sum, part) => sum + Number(part.lengthBytes), 0)
    : null;
  if (lengthBytes !== null && lengthBytes > maxBytes)
    throw new AppError("too_large", `This archive takes files of at most ${maxBytes} bytes.`, {
      field: "Upload-Concat",
    });
  const final = { header: concat.header, claim: (tx: Transaction) => claimParts(ctx, tx, input.uploadId, concat) };
  try {
    return await openUpload(ctx, { ...input, lengthBytes }, final);
  } catch (error) {
    // Two requests for the same file at once: the second finds what the first has made.
    const made = await findSame(ctx, input, concat);
    if (made !== null) return made;
    throw error;
  }
}

/** The final upload that these parts, in this order and with this metadata, were named by before. */
async function findSame(
  ctx: Context,
  { metadataHeader }: Omit<OpenUploadInput, "lengthBytes">,
  { partIds }: Concat,
): Promise<UploadRow | null> {
  const { deviceId } = requireDevice(ctx);
  const parts = await findParts(ctx.db, deviceId, partIds);
  const [first] = parts;
  if (first === undefined || first.finalUploadId === null) return null;
  const isSame = parts.every((part, index) => part.finalUploadId === first.finalUploadId && part.partIndex === index);
  if (!isSame || (await ctx.db.upload.count({ where: { finalUploadId: first.finalUploadId } })) !== partIds.length)
    return null;
  const final = await getUpload(ctx, first.finalUploadId);
  return final.metadataHeader === metadataHeader && final.state !== "terminated" ? final : null;
}

/** Makes the parts this upload's own, and when all of them are complete has it put together. */
async function claimParts(ctx: Context, tx: Transaction, uploadId: string, { partIds }: Concat): Promise<void> {
  const { deviceId } = requireDevice(ctx);
  const ids = [...partIds];
  // In one order, so that two that want the same parts wait for each other and not both for ever.
  await tx.$queryRaw`SELECT id FROM upload WHERE id = ANY(${ids}) ORDER BY id FOR UPDATE`;
  const claimed = await tx.$executeRaw`
    UPDATE upload SET final_upload_id = ${uploadId}, part_index = array_position(${ids}::text[], id) - 1
     WHERE id = ANY(${ids}) AND device_id = ${deviceId} AND kind = 'part' AND state <> 'terminated'
       AND final_upload_id IS NULL`;
  if (claimed < ids.length)
    throw new AppError("conflict", "A part belongs to another file already.", { field: "Upload-Concat" });
  const open = await tx.upload.count({ where: { finalUploadId: uploadId, state: "open" } });
  if (open === 0) await ctx.jobs.add(tx, "upload.assemble", { uploadId });
}
