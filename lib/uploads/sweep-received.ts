import type { Context } from "../context.ts";

const pageSize = 500;

/**
 * Makes sure that every received recording has its job. A safety net for queues that were restored or emptied:
 * a job that is there already stays as it is.
 *
 * @returns how many recordings wait to be read back
 */
export async function sweepReceived(ctx: Context): Promise<number> {
  let total = 0;
  for (let after = ""; ; ) {
    const page = await ctx.db.recording.findMany({
      where: { state: "received", id: { gt: after } },
      orderBy: { id: "asc" },
      take: pageSize,
      select: { id: true },
    });
    await ctx.db.$transaction(async (tx) => {
      for (const { id } of page) await ctx.jobs.add(tx, "recording.seal", { recordingId: id });
    });
    total += page.length;
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) return total;
    after = last.id;
  }
}
