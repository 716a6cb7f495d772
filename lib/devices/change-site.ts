import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { isUniqueViolation } from "../database-errors.ts";
import { AppError, notFound } from "../errors.ts";
import { parseInput, requireId } from "../input.ts";
import { authoriseOperator } from "../people/index.ts";
import { type SiteInput, siteInput } from "./schemas.ts";

/**
 * Corrects a site's name, address or time zone. Recordings keep pointing at it; custody keeps both versions.
 *
 * @throws AppError forbidden, not_found, invalid_input, conflict when the name is taken
 */
export async function changeSite(ctx: Context, site: string, input: SiteInput): Promise<void> {
  await authoriseOperator(ctx, "sites.change");
  const siteId = requireId("site", site);
  const after = parseInput(siteInput, input);
  try {
    await ctx.db.$transaction(async (tx) => {
      const [before] = await tx.$queryRaw<{ name: string; address: string | null; timeZone: string }[]>`
        SELECT name, address, time_zone AS "timeZone" FROM site WHERE id = ${siteId} FOR UPDATE`;
      if (before === undefined) throw notFound("site");
      await tx.site.update({ where: { id: siteId }, data: after });
      // Free text in the catalogue finds a site's recordings by every name it has had.
      if (before.name !== after.name)
        await tx.$executeRaw`
          UPDATE recording SET search_text = search_text || ' ' || ${after.name.toLowerCase()} WHERE site_id = ${siteId}`;
      await recordEvent(ctx, tx, { action: "site.changed", details: { siteId, before, after } });
    });
  } catch (error) {
    if (isUniqueViolation(error))
      throw new AppError("conflict", `There already is a site named ${after.name}.`, { field: "name" });
    throw error;
  }
}
