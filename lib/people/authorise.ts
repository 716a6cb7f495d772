import type { Actor, Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError } from "../errors.ts";
import { type Permission, roleMay } from "./permissions.ts";

/** A person who acts. */
export type Person = Extract<Actor, { kind: "person" }>;

/** A command or job of the archive itself. */
export type System = Extract<Actor, { kind: "system" }>;

/**
 * First beat of every verb that people call: returns the person when their role may, and otherwise records the
 * refusal in custody and throws.
 *
 * @throws AppError unauthenticated for nobody, forbidden for a role that may not
 */
export async function authorise(ctx: Context, permission: Permission): Promise<Person> {
  if (ctx.actor.kind === "person" && roleMay(ctx.actor.role, permission)) return ctx.actor;
  return refuse(ctx, permission);
}

/**
 * The same for verbs that operator commands call too. Who can run a command on the archive's machine may do
 * what an administrator may, and nothing else; custody names the command.
 *
 * @throws AppError unauthenticated, forbidden
 */
export async function authoriseOperator(ctx: Context, permission: Permission): Promise<Person | System> {
  if (ctx.actor.kind === "system" && roleMay("admin", permission)) return ctx.actor;
  return authorise(ctx, permission);
}

async function refuse(ctx: Context, permission: Permission): Promise<never> {
  if (ctx.actor.kind === "nobody") throw new AppError("unauthenticated", "Sign in first.");
  await ctx.db.$transaction((tx) =>
    recordEvent(ctx, tx, { action: "access.refused", outcome: "refused", details: { permission } }),
  );
  throw new AppError("forbidden", "Your role does not allow this.");
}
