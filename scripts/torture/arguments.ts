import { parseArgs } from "node:util";

/** The ways in which an archive is tortured. */
const kinds = [
  "kills",
  "syscalls",
  "power",
  "requests",
  "model",
  "leases",
  "uploader",
  "uploader-kills",
  "uploader-power",
  "uploader-soak",
] as const;
type Kind = (typeof kinds)[number];

export type TortureArguments = { kind: Kind; minutes: number; seed: number; count: number | null; isJson: boolean };

export const usage = `Tries to make an archive of its own lose what it promised. Needs nothing but this checkout.

Usage: npm run torture -- [KIND] [options]

Kinds:
  kills      servers, database and uploaders are killed at random, while an oracle remembers what was promised (default)
  syscalls   kill -9 at every write-side system call of a small upload, in turn (Linux with strace)
  power      power cuts on a disk that loses what was not synced
  requests   mutated requests: no 5xx, no crash, no byte in the wrong place
  model      random sequences of tus requests against a model
  leases     two clients at one offset through two servers
  uploader   kill -9 of the uploader at every write-side system call, in turn (Linux with strace)
  uploader-kills  an enrolled daemon is killed at random, beside all that uploader-soak does
  uploader-power  the power of a device is cut at random, on a real ext4 of its own (Linux, as root, with perl)
  uploader-soak   an enrolled daemon lives on a link that breaks, with an archive that dies; its memory is watched

Options:
  --minutes N   how long kills, uploader-kills and uploader-soak last; default 10; a day is 1440
  --count N     rounds of the other kinds; default: power 300, uploader-power 100, requests 10000, model 1000, leases 1000
  --seed N      the random choices; default: another each time, and printed
  --json        print one JSON object at the end and nothing else
  --help        this text

Exit code: 0 nothing was lost, 1 something was, 2 wrong usage.`;

/** A command line that cannot be understood. */
export class UsageError extends Error {}

function numberOf(text: string | undefined, name: string, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new UsageError(`--${name} must be a positive number.`);
  return value;
}

/**
 * What the command line asks for; null: help.
 *
 * @throws UsageError
 */
export function readArguments(args: readonly string[]): TortureArguments | null {
  const { values, positionals } = parseOptions(args);
  if (values.help) return null;
  const [name = "kills", ...rest] = positionals;
  const kind = kinds.find((known) => known === name);
  if (kind === undefined || rest.length > 0) throw new UsageError(`Kinds are ${kinds.join(", ")}.`);
  return {
    kind,
    minutes: numberOf(values.minutes, "minutes", 10),
    seed: numberOf(values.seed, "seed", 1 + Math.floor(Math.random() * 2 ** 31)),
    count: values.count === undefined ? null : Math.ceil(numberOf(values.count, "count", 1)),
    isJson: values.json,
  };
}

function parseOptions(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        minutes: { type: "string" },
        count: { type: "string" },
        seed: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
