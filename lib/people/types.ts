import type { AccountState, OrganisationKind, Role } from "../../generated/prisma/client.ts";

/** One account in a list. */
export type AccountRow = {
  id: string;
  email: string;
  name: string;
  role: Role;
  state: AccountState;
  badge: string | null;
  organisation: { id: string; name: string; kind: OrganisationKind };
  createdAt: Date;
  /** Null: never signed in. */
  lastLoginAt: Date | null;
  /** Until when the newest unused link works; null: there is none. */
  linkUntil: Date | null;
  can: AccountCan;
};

/** Why each step may not be taken by the caller now; null: may. */
export type AccountCan = {
  changeRole: string | null;
  disable: string | null;
  enable: string | null;
  issueLink: string | null;
};

/** One organisation in a list. */
export type OrganisationRow = {
  id: string;
  name: string;
  kind: OrganisationKind;
  createdAt: Date;
  accountCount: number;
};

/** A new one-time link: the only time its secret is readable. The address is `/invite/<secret>`. */
export type IssuedLink = { accountId: string; secret: string; expiresAt: Date };

/** What a one-time link opens, for the page behind it. */
export type LinkView = { name: string; email: string; isNewAccount: boolean; expiresAt: Date };

/** What a session cookie carries; checked against the account at every request. */
export type SessionClaims = { accountId: string; sessionEpoch: number };
