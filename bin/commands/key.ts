import { type Command, Option } from "commander";
import { type KeyRow, listSigningKeys, rotateSigningKey } from "../../lib/keys/index.ts";
import type { KeyPurpose } from "../../lib/protocol/index.ts";
import { withArchive } from "../archive.ts";
import { type OutputOptions, print, table, utc } from "../output.ts";

type RotateOptions = OutputOptions & { purpose: KeyPurpose; lost?: true };

/** Adds `key list` and `key rotate`. */
export function addKeyCommands(program: Command): void {
  const key = program.command("key").description("the archive's own signing keys: list, rotate");
  key
    .command("list")
    .description("List all keys, newest first. What a retired key signed stays valid.")
    .option("--json", "print one JSON array")
    .action((options: OutputOptions) =>
      withArchive("key list", async (ctx) => {
        const keys = await listSigningKeys(ctx);
        print(options, keys, table(["KEY", "SIGNS", "NAME", "MADE", "RETIRED"], keys.map(cells)));
      }),
    );
  key
    .command("rotate")
    .description("Make a new key that signs from now on, and destroy the private part of the old one.")
    .addOption(new Option("--purpose <purpose>", "what it signs").choices(["receipt", "log"]).makeOptionMandatory())
    .option("--lost", "the old key cannot be opened any more, because AUTH_SECRET is lost for ever")
    .option("--json", 'print {"kid":…}')
    .action((options: RotateOptions) =>
      withArchive("key rotate", async (ctx) => {
        const { kid } = await rotateSigningKey(ctx, { purpose: options.purpose, isLost: options.lost ?? false });
        print(options, { kid }, `${kid} signs from now on. The old key stays published.`);
      }),
    );
}

function cells(row: KeyRow): string[] {
  return [
    row.kid,
    row.purpose,
    row.name ?? "",
    utc(row.createdAt),
    row.retiredAt === null ? "signs" : utc(row.retiredAt),
  ];
}
