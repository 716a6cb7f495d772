import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { AppError } from "../../lib/errors.ts";
import { addPolicy, changePolicy, getPolicy, listPolicies, type PolicyRow } from "../../lib/fleet/index.ts";
import { withArchive } from "../archive.ts";
import { type OutputOptions, print, table, utc } from "../output.ts";
import { policyOf } from "./policy-of.ts";

type WriteOptions = OutputOptions & {
  name?: string;
  settings?: string;
  silentAfter?: number;
  keyAge?: number | "none";
};

/** Adds `policy list`, `show`, `add` and `set`. */
export function addPolicyCommands(program: Command): void {
  const policy = program.command("policy").description("what the archive decides for devices: list, show, add, set");
  policy
    .command("list")
    .description("List all policies.")
    .option("--json", "print one JSON array")
    .action((options: OutputOptions) =>
      withArchive("policy list", async (ctx) => {
        const rows = await listPolicies(ctx);
        print(options, rows, table(["ID", "NAME", "VERSION", "DEVICES", "CHANGED"], rows.map(cells)));
      }),
    );
  policy
    .command("show <policy>")
    .description("Show what a policy (id or name) says, and which devices have it.")
    .option("--json", "print one JSON object")
    .action((name: string, options: OutputOptions) =>
      withArchive("policy show", async (ctx) => {
        const found = await getPolicy(ctx, (await policyOf(ctx, name)).id);
        print(options, found, [
          ...linesOf(found),
          ...found.devices.map(
            (one) => `${one.name} (${one.id}) has ${one.problem ?? one.applied ?? "not said which"}`,
          ),
        ]);
      }),
    );
  writing(policy.command("add <name> [settings...]"), "Make a policy; what is left out is as it is built in.")
    .addHelpText("after", "\nExample: strongroom policy add Vans transfer.parallel=2 'events.tags=[\"crash\"]'")
    .action((name: string, pairs: string[], options: WriteOptions) =>
      withArchive("policy add", async (ctx) => {
        const made = await addPolicy(ctx, { ...inputOf(pairs, options), name });
        print(options, made, `Made ${made.name} (${made.id}), version ${made.version}.`);
      }),
    );
  writing(policy.command("set <policy> [settings...]"), "Change a policy (id or name); what is left out stays.")
    .option("--name <name>", "call it so")
    .addHelpText("after", "\nExample: strongroom policy set Vans transfer.rateBytesPerSecond=null --silent-after 600")
    .action((name: string, pairs: string[], options: WriteOptions) =>
      withArchive("policy set", async (ctx) => {
        const { id } = await policyOf(ctx, name);
        const called = options.name === undefined ? {} : { name: options.name };
        const changed = await changePolicy(ctx, id, { ...inputOf(pairs, options), ...called });
        print(options, changed, `${changed.name} is at version ${changed.version}.`);
      }),
    );
}

function writing(command: Command, description: string): Command {
  return command
    .description(`${description} Settings are PATH=VALUE, the value as JSON.`)
    .option("--settings <file>", "the settings as a JSON file instead")
    .option("--silent-after <seconds>", "call a device silent that was not heard for so long", wholeNumber)
    .option("--key-age <days>", "age at which a device should change its key; none: never", (text) =>
      text === "none" ? text : wholeNumber(text),
    )
    .option("--json", "print one JSON object");
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

/** What was written on the command line, for the verb to check. */
function inputOf(pairs: readonly string[], { settings: file, silentAfter, keyAge }: WriteOptions) {
  return {
    settings: { ...(file === undefined ? {} : readSettings(file)), ...nested(pairs) } as object,
    ...(silentAfter === undefined ? {} : { silentAfterSeconds: silentAfter }),
    ...(keyAge === undefined ? {} : { keyMaxAgeDays: keyAge === "none" ? null : keyAge }),
  };
}

function readSettings(file: string): object {
  try {
    return Object(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new AppError(
      "invalid_input",
      `${file} cannot be read as JSON: ${error instanceof Error ? error.message : ""}`,
    );
  }
}

type Nested = { [name: string]: unknown };

function nested(pairs: readonly string[]): Nested {
  const settings: Nested = {};
  for (const pair of pairs) {
    const [, path, text] = /^([A-Za-z]+(?:\.[A-Za-z]+)*)=(.*)$/s.exec(pair) ?? [];
    if (path === undefined || text === undefined)
      throw new AppError("invalid_input", `${pair} is no setting: write PATH=VALUE, as in transfer.parallel=2.`);
    const names = path.split(".");
    const last = names.pop() ?? "";
    let part = settings;
    for (const name of names) {
      const inner: Nested = Object(part[name] ?? {});
      part[name] = inner;
      part = inner;
    }
    part[last] = jsonOrWord(text);
  }
  return settings;
}

/** JSON, or else a word as it is: `order=newest` needs no quotes. */
function jsonOrWord(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function cells(row: PolicyRow): string[] {
  return [row.id, row.name, String(row.version), String(row.deviceCount), utc(row.changedAt)];
}

function linesOf(row: PolicyRow): string[] {
  return [
    `${row.name} (${row.id}), version ${row.version} of ${utc(row.changedAt)}`,
    `A device is silent after ${row.silentAfterSeconds} s; a key may be ${row.keyMaxAgeDays ?? "any number of"} days old.`,
    JSON.stringify(row.settings, null, 2),
  ];
}
