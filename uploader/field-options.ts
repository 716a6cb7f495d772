import type { Command, Option } from "./options.ts";

const common: readonly Option[] = [
  {
    name: "config",
    value: "FILE",
    help: "settings of this device; default /etc/strongroom/uploader.json when it is there",
  },
  { name: "state-dir", value: "DIR", help: "where to remember what was sent (STRONGROOM_STATE_DIR)" },
  { name: "json", help: "JSON instead of words" },
  { name: "help", help: "this text" },
];

/** Commands for the device in its place: its settings, its log. */
export const fieldCommands = {
  settings: {
    usage: "strongroom-uploader settings check|show [options]",
    summary: "Checks the settings file of this device, or shows what holds and who decided it.",
    options: common,
    examples: [
      "strongroom-uploader settings check --config /etc/strongroom/uploader.json",
      "strongroom-uploader settings show --json | jq .origins",
    ],
  },
  logs: {
    usage: "strongroom-uploader logs [options]",
    summary: "Shows the log that is kept on this device, with the daemon running or not.",
    options: [
      { name: "follow", help: "go on with each new line until interrupted" },
      {
        name: "support-bundle",
        value: "FILE",
        help: "write log, status, settings and versions, without secrets, as .tar.gz",
      },
      { name: "lines", value: "N", help: "so many of the newest lines; default 200" },
      ...common,
    ],
    examples: ["strongroom-uploader logs --follow", "strongroom-uploader logs --support-bundle /tmp/van-04.tar.gz"],
  },
} as const satisfies Record<string, Command>;

/** Name of a command for the device in its place. */
export type FieldCommandName = keyof typeof fieldCommands;
