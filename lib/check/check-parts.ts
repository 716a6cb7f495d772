import type { Prisma } from "../../generated/prisma/client.ts";
import type { Context } from "../context.ts";
import { partKey } from "../uploads/index.ts";
import type { CheckDepth, CheckReport, Problem } from "./types.ts";

const batchSize = 500;
const mend = "Restore the file from a backup; until then the file that it is a part of cannot be put together.";

type PartFacts = { id: string; state: "open" | "complete" | "terminated"; offsetBytes: bigint };

/** Parts whose bytes must be there: not ended, and the file that they are for is not whole yet. */
const isDue: Prisma.UploadWhereInput = {
  kind: "part",
  state: { not: "terminated" },
  OR: [{ finalUploadId: null }, { finalUpload: { state: "open" } }],
};

/** The problems of all parts of files (tus 1.0, Concatenation). They have no digest before they are in a file. */
export async function checkParts(
  ctx: Context,
  reaches: (depth: CheckDepth) => boolean,
  report: CheckReport,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (let last = ""; ; ) {
    const parts: PartFacts[] = await ctx.db.upload.findMany({
      where: { ...isDue, id: { gt: last } },
      orderBy: { id: "asc" },
      take: batchSize,
      select: { id: true, state: true, offsetBytes: true },
    });
    for (const part of parts) {
      report.parts += 1;
      const found = await judge(ctx, part, reaches);
      // What looks wrong is read again, because a running server goes on meanwhile.
      if (found !== null && (await isUnchanged(ctx, part))) problems.push(found);
    }
    const end = parts.at(-1);
    if (end === undefined) return problems;
    last = end.id;
  }
}

async function isUnchanged(ctx: Context, { id, state, offsetBytes }: PartFacts): Promise<boolean> {
  return (await ctx.db.upload.count({ where: { ...isDue, id, state: { equals: state }, offsetBytes } })) === 1;
}

async function judge(
  ctx: Context,
  { id: subject, state, offsetBytes }: PartFacts,
  reaches: (depth: CheckDepth) => boolean,
): Promise<Problem | null> {
  const size = await ctx.storage.size(partKey(subject));
  if (size === null) {
    const found = `Its file ${partKey(subject)} is not in storage.`;
    return { code: "blob_missing", subject, found, mend };
  }
  if (!reaches("size")) return null;
  if (size < offsetBytes) {
    const found = `Its file has ${size} bytes, and ${offsetBytes} were acknowledged.`;
    return { code: "blob_short", subject, found, mend };
  }
  if (size === Number(offsetBytes) || state === "open") return null;
  const found = `Its file has ${size} bytes, and its row says ${offsetBytes}.`;
  return { code: "blob_long", subject, found, mend: "The file was changed past the program. Restore it." };
}
