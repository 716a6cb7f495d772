import { Command } from "commander";
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

const program = new Command("strongroom")
  .description("Operator commands of the archive. They work beside a running server or without one.")
  .showHelpAfterError("Add --help to see what it takes.")
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .addHelpText("after", "\nExit codes: 0 done, 1 refused or something is wrong, 2 wrong usage.");

addUserCommands(program);
addDeviceCommands(program);
addPolicyCommands(program);
addSiteCommands(program);
addCheckCommand(program);
addVerifyCommand(program);
addLogCommands(program);
addKeyCommands(program);

try {
  await program.parseAsync();
} catch (error) {
  const isForPeople =
    isAppError(error) || [EnvError, PostgresError, MigrationError, VaultError].some((type) => error instanceof type);
  const field = isAppError(error) && error.field !== undefined ? `${error.field}: ` : "";
  console.error(isForPeople && error instanceof Error ? `${field}${error.message}` : error);
  process.exitCode = 1;
}
