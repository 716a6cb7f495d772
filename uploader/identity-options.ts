import { commonOptions } from "./common-options.ts";
import type { Command } from "./options.ts";

const common = commonOptions("one JSON object");

/** Commands for who this device is to its archive. */
export const identityCommands = {
  enrol: {
    usage: "strongroom-uploader enrol (LINK | --server URL --code CODE) [options]",
    summary: "Makes this machine a device of an archive, with a key of its own. Run again after any interruption.",
    options: [
      { name: "server", value: "URL", help: "address of the archive (STRONGROOM_SERVER)" },
      { name: "code", value: "CODE", help: "the enrolment code that an administrator made" },
      {
        name: "pin",
        value: "THUMBPRINT",
        help: "the archive's receipt key; without it the one that is shown is believed",
      },
      { name: "name", value: "NAME", help: "what the device would like to be called" },
      { name: "wait", help: "wait for an administrator's approval, and for a link" },
      { name: "force-new", help: "put an identity aside that is lost for good, and become a new device" },
      ...common,
    ],
    examples: [
      "strongroom-uploader enrol --server https://archive.example --code BCDF-GHJK",
      "strongroom-uploader enrol 'strongroom:enrol?server=https%3A%2F%2Farchive.example&code=sre_…&pin=…' --wait",
      "strongroom-uploader enrol    # goes on where it was interrupted",
    ],
  },
  trust: {
    usage: "strongroom-uploader trust [--pin THUMBPRINT] [options]",
    summary: "Shows which receipt keys of the archive this device believes, or believes one more.",
    options: [
      { name: "pin", value: "THUMBPRINT", help: "a receipt key that you have compared with the archive's own" },
      ...common,
    ],
    examples: ["strongroom-uploader trust", "strongroom-uploader trust --pin q5_mOp…"],
  },
  "rotate-key": {
    usage: "strongroom-uploader rotate-key [options]",
    summary: "Gives this device another key, which the old one hands over to; with the daemon running or not.",
    options: common,
    examples: ["strongroom-uploader rotate-key"],
  },
} as const satisfies Record<string, Command>;

/** Name of a command for the device's identity. */
export type IdentityCommandName = keyof typeof identityCommands;
