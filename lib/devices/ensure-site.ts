import type { Context } from "../context.ts";
import { AppError, isAppError } from "../errors.ts";
import { addSite } from "./add-site.ts";
import type { SiteInput } from "./schemas.ts";

/**
 * The site of this name, added when there is none: for whoever adds a device and its site in one go, also a
 * second time after something else was wrong.
 *
 * @throws AppError forbidden, invalid_input (siteName, timeZone)
 */
export async function ensureSite(ctx: Context, input: SiteInput): Promise<{ id: string; isNew: boolean }> {
  try {
    return { ...(await addSite(ctx, input)), isNew: true };
  } catch (error) {
    if (!isAppError(error)) throw error;
    const known =
      error.code === "conflict" ? await ctx.db.site.findUnique({ where: { name: input.name.trim() } }) : null;
    if (known !== null) return { id: known.id, isNew: false };
    throw error.field === "name" ? new AppError(error.code, error.message, { field: "siteName" }) : error;
  }
}
