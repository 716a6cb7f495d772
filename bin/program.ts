import { Command, CommanderError } from "commander";
import { EnvError } from "../lib/env.ts";
import { isAppError } from "../lib/errors.ts";
import { PostgresError } from "../lib/postgres/index.ts";
import { VaultError } from "../lib/vault.ts";
import { MigrationError } from "../prisma/migrate.ts";
import { addCheckCommand } from "./commands/check.ts";
import { addDeviceCommands } from "./commands/device.ts";
import { addKeyCommands } from "./commands/key.ts";
import { addLogCommands } from "./commands/log.ts";
import { addPolicyCommands } from "./commands/policy.ts";
import { addSiteCommands } from "./commands/site.ts";
import { addUserCommands } from "./commands/user.ts";
import { addVerifyCommand } from "./commands/verify.ts";

/** The operator command, with nothing of an earlier run in its options. */
function makeProgram(): Command {
  const program = new Command("strongroom")
    .description("Operator commands of the archive. They work beside a running server or without one.")
    .showHelpAfterError("Add --help to see what it takes.")
    .exitOverride()
    .addHelpText("after", "\nExit codes: 0 done, 1 refused or something is wrong, 2 wrong usage.");
  addUserCommands(program);
  addDeviceCommands(program);
  addPolicyCommands(program);
  addSiteCommands(program);
  addCheckCommand(program);
  addVerifyCommand(program);
  addLogCommands(program);
  addKeyCommands(program);
  return program;
}

/** Runs one command and says on standard error why it could not; the exit code is in process.exitCode. */
export async function runCommand(args: readonly string[]): Promise<void> {
  try {
    await makeProgram().parseAsync(args, { from: "user" });
  } catch (error) {
    // Commander has said it already: help that was asked for, or what is wrong with the usage.
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    const isForPeople =
      isAppError(error) || [EnvError, PostgresError, MigrationError, VaultError].some((type) => error instanceof type);
    const field = isAppError(error) && error.field !== undefined ? `${error.field}: ` : "";
    console.error(isForPeople && error instanceof Error ? `${field}${error.message}` : error);
    process.exitCode = 1;
  }
}
