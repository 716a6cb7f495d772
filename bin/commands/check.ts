import { type Command, Option } from "commander";
import { type CheckDepth, type CheckReport, checkArchive, checkDepths, type Problem } from "../../lib/check/index.ts";
import type { Context } from "../../lib/context.ts";
import { isAppError } from "../../lib/errors.ts";
import { quarantineRecording } from "../../lib/uploads/index.ts";
import { withArchive } from "../archive.ts";
import { type OutputOptions, print } from "../output.ts";

type CheckOptions = OutputOptions & { depth: CheckDepth; quarantine?: true };

/** What is wrong with the bytes of one recording: reason enough to take it out. */
const damages: readonly Problem["code"][] = [
  "blob_missing",
  "blob_short",
  "blob_long",
  "chunk_differs",
  "digest_differs",
];

/** Adds `check`. */
export function addCheckCommand(program: Command): void {
  program
    .command("check")
    .description(
      "Compare rows, files and custody, name what is wrong and how to mend it. Changes nothing but what --quarantine says.",
    )
    .addOption(
      new Option("--depth <depth>", "present: is everything there; size: how long is it; digest: read every byte")
        .choices(checkDepths)
        .default("size"),
    )
    .option("--quarantine", "quarantine each sealed recording that is found damaged, after reading it once more")
    .option("--json", "print one JSON object per problem and one at the end")
    .addHelpText("after", "\nExit code: 0 nothing is wrong, 1 problems were found.")
    .action((options: CheckOptions) =>
      withArchive("check", async (ctx) => {
        const damaged = new Set<string>();
        const report = await checkArchive(ctx, options.depth, {
          onProblem: (problem) => {
            if (damages.includes(problem.code)) damaged.add(problem.subject);
            print(options, { problem }, linesOf(problem));
          },
        });
        if (options.quarantine) for (const id of damaged) await quarantine(ctx, id, options);
        print(options, { report }, sentenceOf(report));
        if (report.problems > 0) process.exitCode = 1;
      }),
    );
}

async function quarantine(ctx: Context, id: string, options: CheckOptions): Promise<void> {
  try {
    const reason = await quarantineRecording(ctx, { recordingId: id });
    print(options, { quarantined: id, reason }, `${id}  quarantined: ${reason}`);
  } catch (error) {
    // One that was never sealed, or that is sound when it is read again, stays as it is.
    if (!isAppError(error)) throw error;
    print(options, { notQuarantined: id, reason: error.code }, `${id}  not quarantined: ${error.message}`);
  }
}

function linesOf(problem: Problem): string[] {
  return [`${problem.subject}  ${problem.code}: ${problem.found}`, `    ${problem.mend}`];
}

function sentenceOf(report: CheckReport): string {
  const read =
    report.depth === "digest" ? `, ${report.logEvents} events of custody, ${report.bytesRead} bytes read` : "";
  const known = report.quarantined > 0 ? ` (${report.quarantined} quarantined, known to be damaged)` : "";
  const problems = report.problems === 0 ? "Nothing is wrong" : `${report.problems} problems`;
  return `${problems}: ${report.recordings} recordings${known}, ${report.parts} parts, ${report.orders} orders and ${report.sidecars} sidecars${read}.`;
}
