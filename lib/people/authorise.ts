import type { Actor, Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError } from "../errors.ts";
import { type Permission, roleMay } from "./permissions.ts";

/** A person who acts. */
export type Person = Extract<Actor, { kind: "person" }>;

/**
 * First beat of every verb that people call: returns the person when their role may, and otherwise records the
 * refusal in custody and throws.
 *
 * @throws AppError unauthenticated for nobody, forbidden for a role that may not
 */
export async function authorise(ctx: Context, permission: Permission): Promise<Person> {
  if (ctx.actor.kind === "nobody") throw new AppError("unauthenticated", "Sign in first.");
  if (ctx.actor.kind === "person" && roleMay(ctx.actor.role, permission)) return ctx.actor;
  await ctx.db.$transaction((tx) =>
    recordEvent(ctx, tx, { action: "access.refused", outcome: "refused", details: { permission } }),
  );
  throw new AppError("forbidden", "Your role does not allow this.");
}
