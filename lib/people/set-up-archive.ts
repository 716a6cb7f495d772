import type { Clock } from "../clock.ts";
import type { Context, Database } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError } from "../errors.ts";
import { newId } from "../ids.ts";
import { parseInput } from "../input.ts";
import { newSecret, secretSha256 } from "../secrets.ts";
import { hashPassword } from "./passwords.ts";
import { readPerson } from "./resolve-session.ts";
import { type SetUpInput, setUpInput } from "./schemas.ts";
import type { SessionClaims } from "./types.ts";

const linkIsOver = () =>
  new AppError("link_used", "This archive is set up, or the link is an older one. The newest is in the server's log.");

/**
 * Makes the first administrator's one-time link while the archive has no account; null once it has. A server
 * calls it at every start: only the newest link works, because only its digest is kept. The page is
 * `/setup/<secret>`.
 */
export async function ensureSetupLink(db: Database, clock: Clock): Promise<string | null> {
  const secret = newSecret();
  const row = { secretSha256: secretSha256(secret), createdAt: clock.now() };
  return db.$transaction(async (tx) => {
    if ((await tx.account.count()) > 0) return null;
    await tx.setupLink.createMany({ data: [{ id: 1, ...row }], skipDuplicates: true });
    const { count } = await tx.setupLink.updateMany({ where: { id: 1, usedAt: null }, data: row });
    return count === 1 ? secret : null;
  });
}

/** Whether a set-up link still works, for the page behind it. */
export async function isSetupLink(ctx: Context, secret: string): Promise<boolean> {
  const row = await ctx.db.setupLink.findFirst({ where: { secretSha256: secretSha256(secret), usedAt: null } });
  return row !== null && (await ctx.db.account.count()) === 0;
}

/**
 * Makes the operator's organisation and the first administrator, through the one-time link of an empty archive.
 * Works once, also when two calls come at once.
 *
 * @throws AppError link_used, invalid_input (organisationName, name, email, password)
 */
export async function setUpArchive(ctx: Context, input: SetUpInput): Promise<SessionClaims> {
  const { secret, organisationName, name, email, password } = parseInput(setUpInput, input);
  if (!(await isSetupLink(ctx, secret))) throw linkIsOver();
  const passwordHash = await hashPassword(password);
  const accountId = newId("account");
  const organisationId = newId("organisation");
  const now = ctx.clock.now();
  await ctx.db.$transaction(async (tx) => {
    // Of two calls at once, one waits here for the other's row and then finds it used.
    const { count } = await tx.setupLink.updateMany({
      where: { id: 1, secretSha256: secretSha256(secret), usedAt: null },
      data: { usedAt: now },
    });
    if (count === 0 || (await tx.account.count()) > 0) throw linkIsOver();
    // An operator organisation can be there already, from an operator command.
    const organisation = await tx.organisation.upsert({
      where: { name: organisationName },
      create: { id: organisationId, name: organisationName, kind: "operator", createdAt: now },
      update: {},
    });
    if (organisation.kind !== "operator")
      throw new AppError("conflict", "An outside organisation has this name.", { field: "organisationName" });
    await tx.account.create({
      data: {
        id: accountId,
        email,
        name,
        role: "admin",
        state: "active",
        organisationId: organisation.id,
        passwordHash,
        createdAt: now,
        lastLoginAt: now,
      },
    });
    const person = await readPerson(tx, accountId);
    await recordEvent(person === null ? ctx : { ...ctx, actor: person }, tx, {
      action: "archive.set_up",
      accountId,
      details: { organisationId: organisation.id },
    });
  });
  return { accountId, sessionEpoch: 1 };
}
