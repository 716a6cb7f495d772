import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { isUniqueViolation } from "../database-errors.ts";
import { AppError } from "../errors.ts";
import { newId } from "../ids.ts";
import { parseInput } from "../input.ts";
import { authoriseOperator } from "../people/index.ts";
import { type SiteInput, siteInput } from "./schemas.ts";

/**
 * Adds a place that devices stand at and recordings come from.
 *
 * @throws AppError forbidden, invalid_input (name, address, timeZone), conflict when the name is taken
 */
export async function addSite(ctx: Context, input: SiteInput): Promise<{ id: string }> {
  await authoriseOperator(ctx, "sites.change");
  const site = parseInput(siteInput, input);
  const id = newId("site");
  try {
    await ctx.db.$transaction(async (tx) => {
      await tx.site.create({ data: { id, ...site, createdAt: ctx.clock.now() } });
      await recordEvent(ctx, tx, { action: "site.created", details: { siteId: id, ...site } });
    });
  } catch (error) {
    if (isUniqueViolation(error))
      throw new AppError("conflict", `There already is a site named ${site.name}.`, { field: "name" });
    throw error;
  }
  return { id };
}
