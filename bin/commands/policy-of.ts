import type { Context } from "../../lib/context.ts";
import { AppError } from "../../lib/errors.ts";
import { listPolicies, type PolicyRow } from "../../lib/fleet/index.ts";

/**
 * The policy that an operator means, by id or name; "default" is the default one, whatever it is called.
 *
 * @throws AppError not_found
 */
export async function policyOf(ctx: Context, text: string): Promise<PolicyRow> {
  const wanted = text.trim();
  const rows = await listPolicies(ctx);
  const found =
    rows.find((row) => row.id === wanted.toUpperCase() || row.name === wanted) ??
    rows.find((row) => row.isDefault && wanted.toLowerCase() === "default");
  if (found === undefined) throw new AppError("not_found", `There is no policy ${wanted}.`);
  return found;
}
