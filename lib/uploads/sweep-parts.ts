import type { Context } from "../context.ts";

/**
 * Makes sure that every file whose parts are complete has its job, as sweepReceived does for what was received.
 *
 * @returns how many files wait to be put together
 */
export async function sweepParts(ctx: Context): Promise<number> {
  const due = await ctx.db.upload.findMany({
    where: { kind: "final", state: "open", parts: { none: { state: { not: "complete" } } } },
    select: { id: true },
  });
  await ctx.db.$transaction(async (tx) => {
    for (const { id } of due) await ctx.jobs.add(tx, "upload.assemble", { uploadId: id });
  });
  return due.length;
}
