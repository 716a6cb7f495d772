import type { Command } from "commander";
import type { Context } from "../../lib/context.ts";
import { withArchive } from "../archive.ts";
import { type OutputOptions, print } from "../output.ts";
import { deviceOf } from "./device-of.ts";

type StateChange = readonly [word: string, description: string, change: (ctx: Context, id: string) => Promise<unknown>];

/** Adds commands that take a device (id or name) to another state and say which one it has then. */
export function addStateChanges(device: Command, changes: readonly StateChange[]): void {
  for (const [word, description, change] of changes)
    device
      .command(`${word} <device>`)
      .description(description)
      .option("--json", "print one JSON object")
      .action((name: string, options: OutputOptions) =>
        withArchive(`device ${word}`, async (ctx) => {
          const { id } = await deviceOf(ctx, name);
          await change(ctx, id);
          const after = await deviceOf(ctx, id);
          print(options, { id, state: after.state }, `${after.name} is ${after.state}.`);
        }),
      );
}
