import { z } from "zod";
import type { Context } from "../context.ts";
import type { QuarantineFinding } from "./types.ts";

const number = z.number().nullable().default(null).catch(null);
const text = z.string().nullable().default(null).catch(null);

// The details of recording.quarantined, as lib/uploads/seal-recording.ts writes them.
const detailsSchema = z.object({
  index: number,
  offsetBytes: number,
  expectedSha256: text,
  declaredSha256: text,
  sealedSha256: text,
  actualSha256: text,
  actualBytes: number,
  from: text,
});

/** What custody says about why a recording is in quarantine; null: nothing that can be read. */
export async function findQuarantineFinding(ctx: Context, recordingId: string): Promise<QuarantineFinding | null> {
  const event = await ctx.db.custodyEvent.findFirst({
    where: { recordingId, action: "recording.quarantined" },
    orderBy: { seq: "desc" },
    select: { details: true },
  });
  const parsed = detailsSchema.safeParse(event?.details);
  if (!parsed.success) return null;
  const { index, offsetBytes, expectedSha256, declaredSha256, sealedSha256, from, ...rest } = parsed.data;
  return {
    ...rest,
    firstBadChunk: index,
    firstBadByte: offsetBytes,
    expectedSha256: expectedSha256 ?? sealedSha256 ?? declaredSha256,
    wasSealed: from === "sealed",
  };
}
