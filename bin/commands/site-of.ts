import type { Context } from "../../lib/context.ts";
import { ensureSite, listSites } from "../../lib/devices/index.ts";
import { getSettings } from "../../lib/settings/index.ts";

/** The site that an operator means, by id or name; added when there is none of this name. */
export async function siteOf(ctx: Context, text: string, zone: string | undefined) {
  const wanted = text.trim();
  const found = (await listSites(ctx)).find((row) => row.id === wanted.toUpperCase() || row.name === wanted);
  if (found !== undefined) return { id: found.id, name: found.name, isNew: false };
  const timeZone = zone ?? (await getSettings(ctx.db)).siteTimeZone;
  return { name: wanted, ...(await ensureSite(ctx, { name: wanted, timeZone })) };
}
