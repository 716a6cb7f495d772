import { type Command, Option } from "commander";
import { type CheckDepth, type CheckReport, checkArchive, checkDepths, type Problem } from "../../lib/check/index.ts";
import { withArchive } from "../archive.ts";
import { type OutputOptions, print } from "../output.ts";

type CheckOptions = OutputOptions & { depth: CheckDepth };

/** Adds `check`. */
export function addCheckCommand(program: Command): void {
  program
    .command("check")
    .description("Compare rows, files and custody, name what is wrong and how to mend it. Changes nothing.")
    .addOption(
      new Option("--depth <depth>", "present: is everything there; size: how long is it; digest: read every byte")
        .choices(checkDepths)
        .default("size"),
    )
    .option("--json", "print one JSON object per problem and one at the end")
    .addHelpText("after", "\nExit code: 0 nothing is wrong, 1 problems were found.")
    .action((options: CheckOptions) =>
      withArchive("check", async (ctx) => {
        const report = await checkArchive(ctx, options.depth, {
          onProblem: (problem) => print(options, { problem }, linesOf(problem)),
        });
        print(options, { report }, sentenceOf(report));
        if (report.problems > 0) process.exitCode = 1;
      }),
    );
}

function linesOf(problem: Problem): string[] {
  return [`${problem.subject}  ${problem.code}: ${problem.found}`, `    ${problem.mend}`];
}

function sentenceOf(report: CheckReport): string {
  const read =
    report.depth === "digest" ? `, ${report.logEvents} events of custody, ${report.bytesRead} bytes read` : "";
  const known = report.quarantined > 0 ? ` (${report.quarantined} quarantined, known to be damaged)` : "";
  const problems = report.problems === 0 ? "Nothing is wrong" : `${report.problems} problems`;
  return `${problems}: ${report.recordings} recordings${known}, ${report.parts} parts and ${report.orders} orders${read}.`;
}
