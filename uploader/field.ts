import { release } from "node:os";
import packageJson from "../package.json" with { type: "json" };
import { logs, makeSupportBundle } from "./commands/logs.ts";
import { settingsCommand } from "./commands/settings.ts";
import { status } from "./commands/status.ts";
import { type CommandLine, readCommandLine } from "./config.ts";
import { exitCodes } from "./exit-codes.ts";
import { type FieldCommandName, fieldCommands } from "./field-options.ts";
import { Interrupted, Problem } from "./problems.ts";
import type { Output } from "./report/reporters.ts";
import { StateView } from "./state/state-store.ts";

/** A command line for the device in its place. */
type Asked = CommandLine & { output: Output; isJson: boolean };

const handlers: Record<FieldCommandName, (asked: Asked) => Promise<number>> = {
  settings: async ({ positionals, stateFolder, local, isJson, output }) => {
    const [action, ...others] = positionals;
    if ((action !== "check" && action !== "show") || others.length > 0)
      throw new Problem("usage", "settings needs one word: check or show.");
    return settingsCommand({ action, stateFolder, local, isJson }, output.write);
  },
  logs: async ({ flags, positionals, stateFolder, local, isJson, output }) => {
    refusePositionals(positionals);
    if (typeof flags["support-bundle"] === "string") {
      const settings = { action: "show" as const, stateFolder, local, isJson: true };
      await makeSupportBundle(flags["support-bundle"], stateFolder, {
        "versions.json": async () => JSON.stringify(versions()),
        "status.json": said(async (write) =>
          status(await StateView.open(stateFolder), { isJson: true, showsAll: false, isCheck: false }, write),
        ),
        "settings.json": said((write) => settingsCommand(settings, write)),
      });
      output.write(`${flags["support-bundle"]} holds what somebody needs to help, without secrets.\n`);
      return exitCodes.ok;
    }
    const lines = Number(flags.lines ?? "200");
    if (!Number.isInteger(lines) || lines < 0)
      throw new Problem("usage", "--lines must be a whole number, such as 200.");
    return logs({ stateFolder, isJson, lines, follows: flags.follow === true }, output.write, stopSignal());
  },
};

/** Runs a command for the device in its place. @returns its exit code; throws Problem */
export function runFieldCommand(name: FieldCommandName, args: readonly string[], output: Output): Promise<number> {
  const read = readCommandLine(fieldCommands[name], args);
  return handlers[name]({ ...read, output, isJson: read.flags.json === true });
}

function refusePositionals([first]: readonly string[]): void {
  if (first !== undefined) throw new Problem("usage", `${first} is not expected here.`);
}

/** What a command says, as a part of the support bundle. */
function said(command: (write: (text: string) => void) => Promise<number>): () => Promise<string> {
  return async () => {
    const parts: string[] = [];
    await command((text) => parts.push(text));
    return parts.join("");
  };
}

function versions(): object {
  const { platform, arch, version, versions } = process;
  return { uploader: packageJson.version, node: version, openssl: versions.openssl, platform, arch, kernel: release() };
}

/** Aborted when the process is told to end; a second time ends it at once. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => stop.abort(new Interrupted()));
  return stop.signal;
}
