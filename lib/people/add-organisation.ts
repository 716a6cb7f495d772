import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { isUniqueViolation } from "../database-errors.ts";
import { AppError } from "../errors.ts";
import { newId } from "../ids.ts";
import { parseInput } from "../input.ts";
import { authoriseOperator } from "./authorise.ts";
import { type OrganisationInput, organisationInput } from "./schemas.ts";

/**
 * Adds a body that people act for. Its kind decides which legal bases they may claim, and never changes.
 *
 * @throws AppError forbidden, invalid_input (name, kind), conflict when the name is taken
 */
export async function addOrganisation(ctx: Context, input: OrganisationInput): Promise<{ id: string }> {
  await authoriseOperator(ctx, "organisations.create");
  const { name, kind } = parseInput(organisationInput, input);
  const id = newId("organisation");
  try {
    await ctx.db.$transaction(async (tx) => {
      await tx.organisation.create({ data: { id, name, kind, createdAt: ctx.clock.now() } });
      await recordEvent(ctx, tx, { action: "organisation.created", details: { organisationId: id, name, kind } });
    });
  } catch (error) {
    if (isUniqueViolation(error))
      throw new AppError("conflict", `There already is an organisation named ${name}.`, { field: "name" });
    throw error;
  }
  return { id };
}
