import type { Command } from "commander";
import { addSite, listSites } from "../../lib/devices/index.ts";
import { getSettings } from "../../lib/settings/index.ts";
import { withArchive } from "../archive.ts";
import { type OutputOptions, print, table } from "../output.ts";

type AddOptions = OutputOptions & { name: string; timeZone?: string; address?: string };

/** Adds `site add` and `site list`. */
export function addSiteCommands(program: Command): void {
  const site = program.command("site").description("places that devices stand at: add, list");
  site
    .command("add")
    .description("Add a site.")
    .requiredOption("--name <name>", "unique, as people call it")
    .option("--time-zone <zone>", "as in Europe/Madrid (default: the archive's setting)")
    .option("--address <text>", "one line")
    .option("--json", 'print {"id":…}')
    .action((options: AddOptions) =>
      withArchive("site add", async (ctx) => {
        const timeZone = options.timeZone ?? (await getSettings(ctx.db)).siteTimeZone;
        const { id } = await addSite(ctx, { name: options.name, address: options.address ?? null, timeZone });
        print(options, { id }, `Added ${options.name} (${id}), in ${timeZone}.`);
      }),
    );
  site
    .command("list")
    .description("List all sites.")
    .option("--json", "print one JSON array")
    .action((options: OutputOptions) =>
      withArchive("site list", async (ctx) => {
        const sites = await listSites(ctx);
        const rows = sites.map((row) => [row.id, row.name, row.timeZone, String(row.deviceCount)]);
        print(options, sites, table(["ID", "NAME", "ZONE", "DEVICES"], rows));
      }),
    );
}
