import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError } from "../errors.ts";
import { checkLog } from "./check-log.ts";
import { checkOrders } from "./check-orders.ts";
import { checkParts } from "./check-parts.ts";
import { checkRecording, readBatch } from "./check-recordings.ts";
import { checkSidecars } from "./check-sidecars.ts";
import { checkUsage } from "./check-usage.ts";
import { findStrayBlobs } from "./find-stray-blobs.ts";
import { type CheckDepth, type CheckReport, checkDepths, type Problem } from "./types.ts";

/** What a check tells while it runs. */
export type CheckListener = { onProblem(problem: Problem): void; onProgress?(report: CheckReport): void };

/**
 * Compares rows, blobs and custody: the invariants of docs/storage.md, to the depth asked for. Changes nothing
 * but custody, which keeps that it ran and what it found. Safe beside a running server: what looks wrong is
 * looked at a second time before it is called so.
 *
 * @throws AppError forbidden for anyone but an operator's command or a job
 */
export async function checkArchive(ctx: Context, depth: CheckDepth, listener: CheckListener): Promise<CheckReport> {
  if (ctx.actor.kind !== "system") throw new AppError("forbidden", "The archive is checked by an operator's command.");
  const report: CheckReport = {
    depth,
    recordings: 0,
    quarantined: 0,
    parts: 0,
    orders: 0,
    sidecars: 0,
    logEvents: 0,
    bytesRead: 0,
    problems: 0,
  };
  const reaches = (wanted: CheckDepth) => checkDepths.indexOf(depth) >= checkDepths.indexOf(wanted);
  const take = (problems: Problem[]) => {
    report.problems += problems.length;
    for (const problem of problems) listener.onProblem(problem);
    listener.onProgress?.(report);
  };
  let last = "";
  for (;;) {
    const batch = await readBatch(ctx, last);
    for (const facts of batch) {
      report.recordings += 1;
      if (facts.state === "quarantined") report.quarantined += 1;
      else take(await checkRecording(ctx, facts, reaches, report));
    }
    const end = batch.at(-1);
    if (end === undefined) break;
    last = end.id;
  }
  take(await checkParts(ctx, reaches, report));
  take(await checkOrders(ctx, reaches, report));
  take(await checkSidecars(ctx, reaches, report));
  take(await findStrayBlobs(ctx));
  take(await checkUsage(ctx));
  if (reaches("digest")) take(await checkLog(ctx, report));
  await ctx.db.$transaction((tx) =>
    recordEvent(ctx, tx, {
      action: "archive.checked",
      outcome: report.problems === 0 ? "done" : "failed",
      details: { ...report },
    }),
  );
  return report;
}
