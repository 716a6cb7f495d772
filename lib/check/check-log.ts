import type { Context } from "../context.ts";
import { inspectLog } from "../custody-log/index.ts";
import type { CheckReport, Problem } from "./types.ts";

const mend = "Rows of custody were changed past the program. Compare the database with its backup.";

/** The problems of the custody log, which is computed anew from its first event. */
export async function checkLog(ctx: Context, report: CheckReport): Promise<Problem[]> {
  const problems: Problem[] = [];
  const { size } = await inspectLog(ctx, { onProblem: (problem) => problems.push({ ...problem, mend }) });
  report.logEvents = size;
  return problems;
}
