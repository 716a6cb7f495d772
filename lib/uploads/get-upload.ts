import type { Context } from "../context.ts";
import { requireId } from "../input.ts";
import type { Statement } from "../sql.ts";
import type { UploadRow } from "./internal.ts";
import { goneIfReplaced } from "./replaced.ts";
import { knownToken, type SeenRow, seenColumns, seenUpload, seenValues } from "./seen-row.ts";

const getOne: Statement = {
  name: "upload-get",
  text: `
    WITH ${knownToken}
    SELECT ${seenColumns}
      FROM known LEFT JOIN upload seen ON seen.id = $1 AND seen.device_id = $2 AND known.is_known`,
};

/**
 * One of the calling device's uploads, read without any lock.
 *
 * @throws AppError token_invalid; not_found for an unknown one and for another device's;
 *   upload_gone for one that another one took the place of
 */
export async function getUpload(ctx: Context, uploadId: string): Promise<UploadRow> {
  const values = seenValues(ctx, requireId("upload", uploadId));
  const [row] = await ctx.sql<SeenRow>(getOne, values);
  try {
    return seenUpload(ctx, row);
  } catch (error) {
    return goneIfReplaced(ctx, uploadId)(error);
  }
}
