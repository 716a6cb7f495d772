import type { Command } from "commander";
import { acknowledgeGap, getDevice, withdrawGapAcknowledgement } from "../../lib/devices/index.ts";
import { withArchive } from "../archive.ts";
import { type OutputOptions, print, table, utc } from "../output.ts";
import { deviceOf } from "./device-of.ts";

type Reasoned = OutputOptions & { reason: string };

/** Adds `device gap list`, `acknowledge` and `withdraw`. */
export function addDeviceGapCommands(device: Command): void {
  const gap = device
    .command("gap")
    .description("numbers of a device's chain that are missing: list, acknowledge with a reason, withdraw that");
  gap
    .command("list <device>")
    .description(
      "List the numbers of a device (id or name) that are missing, and what was said of such; the newest 20, and 200.",
    )
    .option("--json", 'print {"gaps":[…],"acknowledged":[…]}')
    .action((name: string, options: OutputOptions) =>
      withArchive("device gap list", async (ctx) => {
        const { manifests } = await getDevice(ctx, (await deviceOf(ctx, name)).id);
        const { gaps = [], acknowledged = [] } = manifests ?? {};
        const rows = [
          ...gaps.map((one) => ["", numbersOf([one]), String(one.last - one.first + 1), "", "", ""]),
          ...acknowledged.map((one) => [
            ...[one.id, numbersOf(one.ranges), String(one.missing)],
            ...[one.acknowledgedBy, utc(one.acknowledgedAt), one.reason],
          ]),
        ];
        const head = ["ID", "NUMBERS", "STILL MISSING", "ACKNOWLEDGED BY", "AT", "BECAUSE"];
        print(options, { gaps, acknowledged }, rows.length === 0 ? "None is missing." : table(head, rows));
      }),
    );
  gap
    .command("acknowledge <device> <numbers>")
    .description("Say why numbers of a device (id or name) will never come: they alarm nobody any more.")
    .requiredOption("--reason <text>", "why; custody and the device's page keep it")
    .option("--json", 'print {"id":…,"numbers":…}')
    .addHelpText(
      "after",
      `
Of the numbers that are named, those count that are missing now. What goes missing later alarms by itself.

Example: strongroom device gap acknowledge "Van 12" 2-40,57 --reason "Its card died on 14 March"`,
    )
    .action((name: string, numbers: string, options: Reasoned) =>
      withArchive("device gap acknowledge", async (ctx) => {
        const found = await deviceOf(ctx, name);
        const done = await acknowledgeGap(ctx, { deviceId: found.id, numbers, reason: options.reason });
        print(options, done, `Acknowledged ${done.numbers} of ${found.name} (${done.id}).`);
      }),
    );
  gap
    .command("withdraw <id>")
    .description("Take an acknowledgement back, by its id in device gap list: what is still missing alarms again.")
    .requiredOption("--reason <text>", "why; custody keeps it")
    .option("--json", 'print {"id":…,"withdrawn":true}')
    .action((id: string, options: Reasoned) =>
      withArchive("device gap withdraw", async (ctx) => {
        await withdrawGapAcknowledgement(ctx, { id, reason: options.reason });
        print(options, { id, withdrawn: true }, `The acknowledgement ${id} is withdrawn.`);
      }),
    );
}

function numbersOf(ranges: readonly { first: number; last: number }[]): string {
  return ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(", ");
}
