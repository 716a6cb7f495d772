import { commonOptions } from "./common-options.ts";
import { type FieldCommandName, fieldCommands } from "./field-options.ts";

/** An option of a command, as `--help` shows it. */
export type Option = {
  name: string;
  /** Placeholder of its value; left out for a switch. */
  value?: string;
  help: string;
  isRepeated?: boolean;
};

/** A command, as `--help` shows it. */
export type Command = {
  usage: string;
  summary: string;
  options: readonly Option[];
  /** True: what it names with --config may not be there yet. */
  isWithoutSettings?: boolean;
  examples: readonly string[];
};

const common = commonOptions("one JSON object a line");

const archive: readonly Option[] = [
  { name: "server", value: "URL", help: "address of the archive (STRONGROOM_SERVER)" },
  { name: "token", value: "TOKEN", help: "the device's token; better in STRONGROOM_TOKEN or a file, unseen by others" },
  { name: "token-file", value: "FILE", help: "file that holds the token (STRONGROOM_TOKEN_FILE); read anew each time" },
  { name: "source", value: "NAME", help: "camera or view, such as rear" },
  { name: "alias", value: "ID", help: "your own id of the vehicle or camera" },
  { name: "place", value: "TEXT", help: "where it was recorded" },
  { name: "metadata", value: "JSON", help: "an object for other programs" },
  { name: "chunk-size", value: "BYTES", help: "size of the chunks that are digested, 400k to 64M; default 8M" },
  { name: "limit-rate", value: "BYTES/s", help: "send no faster, such as 250k" },
  { name: "settle", value: "SECONDS", help: "a file unchanged for so long is finished; default 2, with run 10" },
  {
    name: "incomplete-after",
    value: "SECONDS",
    help: "send a cut-off file, marked as that, when unchanged for so long; default 60, with run 600",
  },
  { name: "stall-timeout", value: "SECONDS", help: "break off a request on which nothing moves; default 60" },
  { name: "connect-timeout", value: "SECONDS", help: "break off connecting; default 20" },
  { name: "delete-after-seal", help: "delete the local file once the archive's receipt for it is here and valid" },
  { name: "no-wait", help: "be done when every byte is acknowledged, without waiting for the seal" },
];

/** Every command. */
export const commands = {
  push: {
    usage: "strongroom-uploader push FILE… [options]",
    summary: "Sends recordings and waits until the archive has sealed them. Run again after any interruption.",
    options: [
      ...archive,
      { name: "captured-from", value: "TIME", help: "first moment recorded, as in 2026-03-14T10:31:04+01:00" },
      { name: "captured-until", value: "TIME", help: "last moment recorded" },
      {
        name: "give-up-after",
        value: "SECONDS",
        help: "give up after so long without progress; 0: never; default 600",
      },
      ...common,
    ],
    examples: [
      "STRONGROOM_TOKEN=srd_… strongroom-uploader push rear.mp4 --server https://archive.example --source rear",
      "strongroom-uploader push *.mkv --server https://archive.example --token-file /etc/strongroom/token --limit-rate 250k",
      "strongroom-uploader push rear.mp4 --json | tail -n 1    # the recording and its SHA-256",
    ],
  },
  run: {
    usage: "strongroom-uploader run --watch DIR [options]",
    summary: "Watches folders and sends every recording in them once it is finished, until it is stopped.",
    options: [
      {
        name: "watch",
        value: "DIR",
        help: "folder to watch, with the folders in it; may be repeated",
        isRepeated: true,
      },
      { name: "include", value: "LIST", help: "file name endings, such as mp4,mkv; default those of video" },
      {
        name: "segment-list",
        value: "FILE",
        help: "list of finished recordings, as ffmpeg's -segment_list writes it; may be repeated",
        isRepeated: true,
      },
      { name: "sidecar-wait", value: "SECONDS", help: "wait so long for sidecars of a finished recording; default 1" },
      { name: "parallel", value: "N", help: "files at a time; default 1" },
      { name: "rescan", value: "SECONDS", help: "read the folders at least so often; default 30" },
      { name: "metrics", value: "ADDRESS", help: "Prometheus text at http://ADDRESS/metrics, such as 127.0.0.1:9464" },
      { name: "metrics-anywhere", help: "let --metrics be an address that others reach" },
      ...archive,
      ...common,
    ],
    examples: [
      "strongroom-uploader run --watch /var/lib/recorder --server https://archive.example --token-file /etc/strongroom/token",
      "strongroom-uploader run --watch /media/card --watch /srv/cam2 --limit-rate 1M --delete-after-seal",
    ],
  },
  enqueue: {
    usage: "strongroom-uploader enqueue FILE… [options]",
    summary: "Says that recordings are finished, from a recorder's hook. Counts whether or not a daemon runs.",
    options: [
      { name: "event", help: "they go out before what is no event" },
      { name: "tag", value: "TEXT", help: "a tag of them; may be repeated", isRepeated: true },
      { name: "source", value: "NAME", help: "camera or view, such as rear" },
      { name: "captured-from", value: "TIME", help: "first moment recorded, as in 2026-03-14T10:31:04+01:00" },
      { name: "captured-until", value: "TIME", help: "last moment recorded" },
      ...common,
    ],
    examples: [
      "strongroom-uploader enqueue /var/lib/recorder/rear.mp4 --source rear",
      "strongroom-uploader enqueue crash.mp4 --event --tag harsh-braking",
    ],
  },
  "verify-receipt": {
    usage: "strongroom-uploader verify-receipt RECEIPT [--file FILE] (--jwks FILE|URL | --server URL)",
    summary:
      "Checks a receipt against the archive's public keys, and a file against the receipt. Needs no network with --jwks FILE.",
    options: [
      { name: "file", value: "FILE", help: "the recording: its size and SHA-256 must be those of the receipt" },
      { name: "jwks", value: "FILE|URL", help: "the archive's public keys, kept or fetched from somewhere you trust" },
      { name: "server", value: "URL", help: "fetch the keys from this archive (STRONGROOM_SERVER)" },
      { name: "json", help: "one JSON object" },
      { name: "help", help: "this text" },
    ],
    examples: [
      "strongroom-uploader verify-receipt R-7K2M4-0418Q.receipt.jws --file rear.mp4 --jwks keys.json",
      "strongroom-uploader verify-receipt R-7K2M4-0418Q.receipt.jws --server https://archive.example",
    ],
  },
} as const satisfies Record<string, Command>;

export type CommandName = keyof typeof commands;

/** True when this is a command for the device in its place. */
export function isFieldCommandName(name: string): name is FieldCommandName {
  return Object.hasOwn(fieldCommands, name);
}

/** True when this is a command. */
export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}

/** The text of `--help`. */
export function helpText(
  name: CommandName | FieldCommandName | null,
  exitCodeLines: readonly (readonly [number, string])[],
): string {
  const all = { ...commands, ...fieldCommands };
  const shown: Command | null = name === null ? null : all[name];
  const head =
    shown === null
      ? [
          "strongroom-uploader sends finished recordings to a Strongroom archive over any link, and loses none.",
          "",
          "Commands:",
          ...Object.entries(all).map(([command, { summary }]) => `  ${command.padEnd(15)} ${summary}`),
          "",
          "strongroom-uploader COMMAND --help shows its options; --version the version.",
        ]
      : [
          shown.summary,
          "",
          `Usage: ${shown.usage}`,
          "",
          "Options:",
          ...shown.options.map(
            ({ name: option, value, help }) =>
              `  ${`--${option}${value === undefined ? "" : ` ${value}`}`.padEnd(28)} ${help}`,
          ),
          "",
          "Examples:",
          ...shown.examples.map((example) => `  ${example}`),
        ];
  const codes = exitCodeLines.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`);
  return [...head, "", "Exit codes:", ...codes, ""].join("\n");
}
