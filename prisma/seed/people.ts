import { randomInt } from "node:crypto";
import type { Actor, Context } from "../../lib/context.ts";
import {
  addOrganisation,
  ensureSetupLink,
  inviteAccount,
  resolveSession,
  setUpArchive,
  takeUpLink,
} from "../../lib/people/index.ts";
import { changeSetting } from "../../lib/settings/index.ts";
import { archiveName, type OrganisationKey, organisations, type PersonKey, people } from "./company.ts";

/** A person of the demonstration: how to act as them, and how to sign in as them. */
export type DemoPerson = {
  actor: Actor;
  name: string;
  email: string;
  password: string;
  role: string;
  organisation: string;
};

const words =
  "amber anchor barley bridge canvas cedar copper delta ember fern granite harbor indigo juniper lantern meadow nickel orchard pepper quartz river saffron timber velvet willow".split(
    " ",
  );

// Easy to type from a table on a screen; made anew for every demonstration, so that none is known beforehand.
function newPassword(): string {
  const pick = () => words[randomInt(words.length)];
  return `${pick()}-${pick()}-${pick()}-${randomInt(1000, 9999)}`;
}

async function actorOf(ctx: Context, claims: { accountId: string; sessionEpoch: number }): Promise<Actor> {
  const actor = await resolveSession(ctx.db, claims.accountId, claims.sessionEpoch);
  if (actor === null) throw new Error("An account of the demonstration cannot sign in.");
  return actor;
}

/** Sets the archive up through its own verbs, as its first administrator and the people they invite would. */
export async function seedPeople(ctx: Context): Promise<Record<PersonKey, DemoPerson>> {
  const made = new Map<PersonKey, DemoPerson>();
  const secret = await ensureSetupLink(ctx.db, ctx.clock);
  if (secret === null) throw new Error("This database has people already; the demonstration needs an empty one.");
  const { admin } = people;
  const password = newPassword();
  const setUp = {
    secret,
    organisationName: organisations.operator.name,
    name: admin.name,
    email: admin.email,
    password,
  };
  const adminActor = await actorOf(ctx, await setUpArchive(ctx, setUp));
  const asAdmin = { ...ctx, actor: adminActor };
  made.set("admin", { ...admin, password, actor: adminActor, organisation: organisations.operator.name });
  await changeSetting(asAdmin, { key: "archiveName", value: archiveName });

  const organisationIds = new Map<OrganisationKey, string>();
  for (const [key, organisation] of Object.entries(organisations) as [
    OrganisationKey,
    (typeof organisations)[OrganisationKey],
  ][]) {
    const existing = await ctx.db.organisation.findUnique({ where: { name: organisation.name } });
    organisationIds.set(key, existing?.id ?? (await addOrganisation(asAdmin, organisation)).id);
  }
  for (const [key, person] of Object.entries(people) as [PersonKey, (typeof people)[PersonKey]][]) {
    if (key === "admin") continue;
    const { name, email, role, badge } = person;
    const organisationId = organisationIds.get(person.organisation) ?? "";
    const link = await inviteAccount(asAdmin, { name, email, role, badge, organisationId });
    const own = newPassword();
    const claims = await takeUpLink({ ...ctx, actor: { kind: "nobody" } }, { secret: link.secret, password: own });
    made.set(key, {
      name,
      email,
      role,
      password: own,
      actor: await actorOf(ctx, claims),
      organisation: organisations[person.organisation].name,
    });
  }
  return Object.fromEntries(made) as Record<PersonKey, DemoPerson>; // every key of `people` was set above
}
