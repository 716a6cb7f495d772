import type { OrganisationKind, Role } from "../../../generated/prisma/client.ts";
import type { Actor, Database } from "../../context.ts";
import { newId } from "../../ids.ts";
import { madeAt, nextNumber } from "./defaults.ts";

/** The password of everyone that the factories make. */
export const testPassword = "correct horse battery staple";

/** Argon2id of `testPassword`, kept because computing it takes longer than a test should. */
const passwordHash =
  "$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$eZ8SueF3EIJEgtgpg1rLafWpNVv3dMTwc0KCOxG5CSg";

/** A person who can act. */
export type TestPerson = Extract<Actor, { kind: "person" }>;

type PersonOptions = {
  name?: string;
  email?: string;
  organisationId?: string;
  state?: "active" | "disabled";
  badge?: string;
};

/** Makes an organisation. */
export async function makeOrganisation(db: Database, options: { name?: string; kind?: OrganisationKind } = {}) {
  const name = options.name ?? `Organisation ${nextNumber()}`;
  return db.organisation.create({
    data: { id: newId("organisation"), name, kind: options.kind ?? "police", createdAt: madeAt },
  });
}

async function makePerson(
  db: Database,
  role: Role,
  kind: OrganisationKind,
  options: PersonOptions = {},
): Promise<TestPerson> {
  const number = nextNumber();
  const organisationId = options.organisationId ?? (await makeOrganisation(db, { kind })).id;
  const account = await db.account.create({
    data: {
      id: newId("account"),
      email: options.email ?? `${role}-${number}@example.org`,
      name: options.name ?? `${role} ${number}`,
      role,
      state: options.state ?? "active",
      organisationId,
      badge: options.badge ?? null,
      passwordHash,
      createdAt: madeAt,
    },
    include: { organisation: true },
  });
  return {
    kind: "person",
    accountId: account.id,
    name: account.name,
    email: account.email,
    role,
    organisationId,
    organisationName: account.organisation.name,
    organisationKind: account.organisation.kind,
  };
}

/** Makes an administrator, with an organisation of their own unless one is given. */
export const makeAdmin = (db: Database, options?: PersonOptions) => makePerson(db, "admin", "operator", options);

/** Makes a compliance officer. */
export const makeOfficer = (db: Database, options?: PersonOptions) => makePerson(db, "officer", "operator", options);

/** Makes an auditor. */
export const makeAuditor = (db: Database, options?: PersonOptions) => makePerson(db, "auditor", "operator", options);

/** Makes a requester, of the police unless `organisationId` says otherwise. */
export const makeRequester = (db: Database, options?: PersonOptions) => makePerson(db, "requester", "police", options);
