import { parseEnrolmentLink, readEnrolmentCode } from "../lib/protocol/index.ts";
import { type EnrolSettings, enrolCommand } from "./commands/enrol.ts";
import { rotateKeyCommand } from "./commands/rotate-key.ts";
import { trustCommand } from "./commands/trust.ts";
import { type CommandLine, namedServer, plainTransport } from "./config.ts";
import type { IdentityCommandName } from "./identity-options.ts";
import { Problem } from "./problems.ts";
import type { Output } from "./report/reporters.ts";

/** A command line for the device's identity. */
type Asked = CommandLine & { output: Output; isJson: boolean };

/** What each command for the device's identity does. */
export const identityHandlers: Record<IdentityCommandName, (asked: Asked, signal: AbortSignal) => Promise<number>> = {
  enrol: (asked, signal) => enrolCommand(enrolFrom(asked), asked.output.write, signal),
  "rotate-key": ({ positionals, stateFolder, isJson, output }, signal) => {
    refusePositionals(positionals);
    return rotateKeyCommand({ stateFolder, isJson, transport: plainTransport() }, output.write, signal);
  },
  trust: ({ flags, positionals, stateFolder, isJson, output }, signal) => {
    refusePositionals(positionals);
    const settings = { stateFolder, pin: pinFrom(flags), isJson, transport: plainTransport() };
    return trustCommand(settings, output.write, signal);
  },
};

function enrolFrom({ flags, positionals, stateFolder, isJson }: Asked): EnrolSettings {
  const shared = {
    stateFolder,
    isJson,
    waits: flags.wait === true,
    forcesNew: flags["force-new"] === true,
    transport: plainTransport(),
  };
  const name = textOf(flags.name);
  const pin = pinFrom(flags);
  const [link, ...others] = positionals;
  refusePositionals(others);
  if (link !== undefined) {
    const read = parseEnrolmentLink(link);
    if (read === null) throw usage("This is no enrolment link; one begins with strongroom:enrol? and needs quotes.");
    if (flags.code !== undefined) throw usage("Give the link or --code, not both.");
    if (pin !== null && read.pin !== null && pin !== read.pin) throw usage("--pin is another one than the link's.");
    return { ...shared, wish: { ...read, server: read.server.replace(/\/+$/, ""), pin: pin ?? read.pin, name } };
  }
  if (flags.code === undefined) return { ...shared, wish: null };
  const code = readEnrolmentCode(String(flags.code));
  if (code === null)
    throw usage("--code is no enrolment code: 8 letters such as BCDF-GHJK, or sre_ and 22 characters.");
  return { ...shared, wish: { server: namedServer(flags), code, pin, name } };
}

function pinFrom(flags: CommandLine["flags"]): string | null {
  const pin = textOf(flags.pin);
  if (pin === null || /^[\w-]{43}$/.test(pin)) return pin;
  throw usage("--pin must be the thumbprint of a receipt key, 43 letters and digits.");
}

function refusePositionals([first]: readonly string[]): void {
  if (first !== undefined) throw usage(`${first} is not expected here.`);
}

function textOf(value: CommandLine["flags"][string]): string | null {
  return typeof value === "string" ? value : null;
}

function usage(message: string): Problem {
  return new Problem("usage", message);
}
