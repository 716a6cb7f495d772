import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { type LogProblem, type LogReport, verifyLog } from "../../lib/custody-log/index.ts";
import { AppError } from "../../lib/errors.ts";
import { ProtocolError } from "../../lib/protocol/index.ts";
import { withArchive } from "../archive.ts";
import { type OutputOptions, print } from "../output.ts";

type VerifyOptions = OutputOptions & { checkpoint?: string };

/** Adds `log verify`. */
export function addLogCommands(program: Command): void {
  const log = program.command("log").description("the custody log: verify");
  log
    .command("verify")
    .description("Compute the custody log's tree anew from all events and compare it with what was signed.")
    .option("--checkpoint <file>", "a checkpoint that was kept elsewhere: the log must still begin with it")
    .option("--json", "print one JSON object per problem and one at the end")
    .addHelpText("after", "\nExit code: 0 nothing is wrong, 1 problems were found.")
    .action((options: VerifyOptions) =>
      withArchive("log verify", async (ctx) => {
        const checkpoint = options.checkpoint === undefined ? {} : { checkpoint: await readNote(options.checkpoint) };
        const onProblem = (problem: LogProblem) => print(options, { problem }, lineOf(problem));
        const report = await verifyLog(ctx, { onProblem, ...checkpoint }).catch(explain);
        print(options, { report }, sentenceOf(report));
        if (report.problems > 0) process.exitCode = 1;
      }),
    );
}

function lineOf({ subject, code, found }: LogProblem): string {
  return `${subject}  ${code}: ${found}`;
}

function sentenceOf({ size, root, problems, checkpoints }: LogReport): string {
  const found = problems === 0 ? "Nothing is wrong" : `${problems} problems`;
  return `${found}: ${size} events under ${checkpoints} checkpoints, root ${root}.`;
}

async function readNote(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new AppError("not_found", `${file} cannot be read: ${error instanceof Error ? error.message : error}.`);
  }
}

function explain(error: unknown): never {
  if (error instanceof ProtocolError)
    throw new AppError("invalid_input", `The checkpoint is not ours: ${error.message}`);
  throw error;
}
