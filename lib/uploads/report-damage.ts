import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { subjectOf, type UploadRow } from "./internal.ts";

/** Acknowledged bytes are missing: the worst that can happen here, so it is loud in the log and stays in custody. */
export async function reportDamage(
  ctx: Context,
  upload: Pick<UploadRow, "id" | "recordingId" | "deviceId">,
  details: { expectedBytes: number; actualBytes: number | null },
): Promise<void> {
  const { id: uploadId, recordingId } = upload;
  ctx.log.error({ ...details, uploadId, recordingId }, "ACKNOWLEDGED BYTES ARE MISSING");
  await ctx.db.$transaction((tx) =>
    recordEvent(ctx, tx, { action: "upload.damaged", outcome: "failed", ...subjectOf(upload), details }),
  );
}
