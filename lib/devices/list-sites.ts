import type { Context } from "../context.ts";
import { authoriseOperator, roleMay } from "../people/index.ts";
import type { SiteRow } from "./types.ts";

/**
 * All sites by name. Requesters may read them too: they name one when they ask, and learn of no device.
 *
 * @throws AppError unauthenticated, forbidden
 */
export async function listSites(ctx: Context): Promise<SiteRow[]> {
  const actor = await authoriseOperator(ctx, "sites.list");
  const seesDevices = actor.kind === "system" || roleMay(actor.role, "devices.list");
  const sites = await ctx.db.site.findMany({
    orderBy: { name: "asc" },
    include: { _count: { select: { devices: true } } },
  });
  return sites.map(({ _count, ...site }) => ({ ...site, deviceCount: seesDevices ? _count.devices : 0 }));
}
