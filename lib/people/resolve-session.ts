import type { Database, Transaction } from "../context.ts";
import type { Person } from "./authorise.ts";

/** The active account as an actor; null when there is none or it may not act. */
export async function readPerson(
  db: Database | Transaction,
  accountId: string,
  sessionEpoch?: number,
): Promise<Person | null> {
  const account = await db.account.findFirst({
    where: { id: accountId, state: "active", ...(sessionEpoch === undefined ? {} : { sessionEpoch }) },
    include: { organisation: true },
  });
  if (account === null) return null;
  return {
    kind: "person",
    accountId: account.id,
    name: account.name,
    email: account.email,
    role: account.role,
    organisationId: account.organisation.id,
    organisationName: account.organisation.name,
    organisationKind: account.organisation.kind,
  };
}

/**
 * Who a session belongs to, read anew at every request: null when the account is disabled, or its role, state
 * or password changed since the session began.
 */
export function resolveSession(db: Database, accountId: string, sessionEpoch: number): Promise<Person | null> {
  return readPerson(db, accountId, sessionEpoch);
}
