import type { Context } from "../context.ts";
import type { UploadRow } from "./internal.ts";

/**
 * What a final upload's parts say about it. "The Upload-Length header MUST be included if the length of the final
 * resource can be calculated at the time of the request" (tus 1.0, Concatenation).
 *
 * @returns its length if it is known, its parts' last activity, and whether all that is missing is the archive's work
 */
export async function seeFinalUpload(ctx: Context, upload: UploadRow) {
  const parts = await ctx.db.upload.findMany({
    where: { finalUploadId: upload.id },
    select: { state: true, lengthBytes: true, lastActivityAt: true },
  });
  const lengths = parts.map((part) => part.lengthBytes);
  const isKnown = lengths.every((length) => length !== null);
  const times = [upload, ...parts].map(({ lastActivityAt }) => lastActivityAt.getTime());
  return {
    lengthBytes: isKnown ? Number(lengths.reduce((sum, length) => sum + length, 0n)) : null,
    lastActivityAt: new Date(Math.max(...times)),
    isReady: parts.every(({ state }) => state === "complete"),
  };
}
