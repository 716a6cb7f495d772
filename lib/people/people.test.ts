import { describe, expect, test } from "vitest";
import { expectCustodyEvent, factories, useTestDatabase } from "../testing/index.ts";
import {
  addOrganisation,
  changeRole,
  disableAccount,
  enableAccount,
  getLink,
  inviteAccount,
  issueLink,
  listAccounts,
  listOrganisations,
  resolveSession,
  takeUpLink,
} from "./index.ts";

const password = "a perfectly fine phrase";
const nobody = { kind: "nobody" } as const;

describe("accounts", () => {
  const world = useTestDatabase();
  const admin = async () => world().context(await factories.makeAdmin(world().db));

  async function invite(over: { email?: string; role?: "officer" | "requester" } = {}) {
    const ctx = await admin();
    const role = over.role ?? "officer";
    const organisation = await factories.makeOrganisation(world().db, {
      kind: role === "requester" ? "police" : "operator",
    });
    const email = over.email ?? `new-${organisation.id}@example.org`.toLowerCase();
    const link = await inviteAccount(ctx, { email, name: "Nuria Vidal", role, organisationId: organisation.id });
    return { ctx, email, organisation, ...link };
  }

  test("an invitation is taken up once, also by two calls at once", async () => {
    const { db, context } = world();
    const { accountId, secret, email } = await invite({ email: " Nuria@Example.ORG " });
    expect(email).toBe(" Nuria@Example.ORG ");
    expect(await getLink(context(nobody), secret)).toMatchObject({ email: "nuria@example.org", isNewAccount: true });
    const take = () => takeUpLink(context(nobody), { secret, password });
    const results = await Promise.allSettled([take(), take()]);
    expect(results.map((result) => result.status).sort()).toEqual(["fulfilled", "rejected"]);
    await expect(take()).rejects.toMatchObject({ code: "link_used" });
    await expectCustodyEvent(db, { action: "account.invited", accountId });
    await expectCustodyEvent(db, { action: "account.activated", accountId, actorId: accountId });
    expect((await db.account.findUniqueOrThrow({ where: { id: accountId } })).passwordHash).toMatch(/^\$argon2id\$/);
  });

  test("a link runs out, is replaced by a newer one, and ends with the account", async () => {
    const { clock, context } = world();
    const { ctx, accountId, secret } = await invite();
    const newer = await issueLink(ctx, accountId);
    await expect(getLink(context(nobody), secret)).rejects.toMatchObject({ code: "link_used" });
    await disableAccount(ctx, accountId);
    await expect(getLink(context(nobody), newer.secret)).rejects.toMatchObject({ code: "link_used" });
    await expect(issueLink(ctx, accountId)).rejects.toMatchObject({ code: "state_conflict" });
    await enableAccount(ctx, accountId);
    const last = await issueLink(ctx, accountId);
    clock.advance(7 * 24 * 3_600_000);
    await expect(takeUpLink(context(nobody), { secret: last.secret, password })).rejects.toMatchObject({
      code: "link_used",
    });
    await expect(getLink(context(nobody), "guess")).rejects.toMatchObject({ code: "link_used" });
  });

  test("a link sets a new password and ends all sessions", async () => {
    const { db, context } = world();
    const ctx = await admin();
    const officer = await factories.makeOfficer(db);
    expect(await resolveSession(db, officer.accountId, 1)).toEqual(officer);
    const { secret } = await issueLink(ctx, officer.accountId);
    expect(await resolveSession(db, officer.accountId, 1)).not.toBeNull();
    const claims = await takeUpLink(context(nobody), { secret, password });
    expect(await resolveSession(db, officer.accountId, 1)).toBeNull();
    expect(await resolveSession(db, officer.accountId, claims.sessionEpoch)).toEqual(officer);
    await expectCustodyEvent(db, { action: "account.password_changed", details: { through: "link" } });
  });

  test.each([
    ["short", "Use at least 12 characters."],
    ["Password1234", "This password is well known. Choose another."],
    ["ababababababab", "Use more different characters."],
    [`${"long enough ".repeat(20)}`, "Write at most 200 characters."],
  ])("%s is no password", async (bad, message) => {
    const { secret } = await invite();
    await expect(takeUpLink(world().context(nobody), { secret, password: bad })).rejects.toMatchObject({
      code: "invalid_input",
      field: "password",
      message,
    });
  });

  test("roles fit organisations, and addresses are taken once", async () => {
    const { ctx, organisation, email } = await invite({ role: "requester" });
    const person = { email: "x@example.org", name: "X", organisationId: organisation.id };
    await expect(inviteAccount(ctx, { ...person, role: "officer" })).rejects.toMatchObject({
      code: "invalid_input",
      field: "organisationId",
    });
    await expect(inviteAccount(ctx, { ...person, role: "requester", email })).rejects.toMatchObject({
      code: "conflict",
      field: "email",
    });
    await expect(inviteAccount(ctx, { ...person, role: "requester", email: "nobody" })).rejects.toMatchObject({
      field: "email",
    });
  });

  test("a role change and disabling end sessions at once", async () => {
    const { db } = world();
    const ctx = await admin();
    const { accountId } = await factories.makeOfficer(db);
    await changeRole(ctx, { accountId, role: "auditor" });
    expect(await resolveSession(db, accountId, 1)).toBeNull();
    expect(await resolveSession(db, accountId, 2)).toMatchObject({ role: "auditor" });
    await expectCustodyEvent(db, {
      action: "account.role_changed",
      accountId,
      details: { before: "officer", after: "auditor" },
    });
    await expect(changeRole(ctx, { accountId, role: "auditor" })).rejects.toMatchObject({ code: "state_conflict" });
    await expect(changeRole(ctx, { accountId, role: "requester" })).rejects.toMatchObject({ field: "role" });
    await disableAccount(ctx, accountId);
    expect(await resolveSession(db, accountId, 2)).toBeNull();
    expect(await resolveSession(db, accountId, 3)).toBeNull();
    await enableAccount(ctx, accountId);
    expect(await resolveSession(db, accountId, 2)).toBeNull();
    expect(await resolveSession(db, accountId, 4)).toMatchObject({ role: "auditor" });
    await expectCustodyEvent(db, { action: "account.disabled", accountId });
    await expectCustodyEvent(db, { action: "account.enabled", accountId });
    await expect(enableAccount(ctx, accountId)).rejects.toMatchObject({ code: "state_conflict" });
  });

  test("nobody changes their own role, disables themselves or issues their own link", async () => {
    const { db, context } = world();
    const me = await factories.makeAdmin(db);
    const ctx = context(me);
    await expect(changeRole(ctx, { accountId: me.accountId, role: "officer" })).rejects.toMatchObject({
      code: "forbidden",
    });
    await expect(disableAccount(ctx, me.accountId.toLowerCase())).rejects.toMatchObject({ code: "forbidden" });
    await expect(issueLink(ctx, me.accountId)).rejects.toMatchObject({ code: "forbidden" });
    const row = (await listAccounts(ctx)).find((account) => account.id === me.accountId);
    expect(row?.can.changeRole).toBe("This is your own account.");
  });

  test("organisations are added by administrators, and every other role is refused", async () => {
    const { db, context } = world();
    const ctx = await admin();
    const { id } = await addOrganisation(ctx, { name: "Policía Nacional", kind: "police" });
    await expectCustodyEvent(db, { action: "organisation.created", details: { organisationId: id } });
    await expect(addOrganisation(ctx, { name: "Policía Nacional", kind: "court" })).rejects.toMatchObject({
      code: "conflict",
    });
    const target = await factories.makeOfficer(db);
    const refused = [
      await factories.makeOfficer(db),
      await factories.makeAuditor(db),
      await factories.makeRequester(db),
    ];
    for (const actor of refused) {
      const other = context(actor);
      const calls = [
        () => addOrganisation(other, { name: "Another", kind: "court" }),
        () => changeRole(other, { accountId: target.accountId, role: "admin" }),
        () => disableAccount(other, target.accountId),
        () => issueLink(other, target.accountId),
        () => inviteAccount(other, { email: "y@example.org", name: "Y", role: "admin", organisationId: id }),
      ];
      for (const call of calls) await expect(call()).rejects.toMatchObject({ code: "forbidden" });
      await expectCustodyEvent(db, { action: "access.refused", actorId: actor.accountId });
    }
    await expect(listOrganisations(context(nobody))).rejects.toMatchObject({ code: "unauthenticated" });
  });
});

describe("the last administrator", () => {
  const world = useTestDatabase();

  test("stays, also when two demote each other at the same moment", async () => {
    const { db, context } = world();
    const [first, second] = [await factories.makeAdmin(db), await factories.makeAdmin(db)];
    const results = await Promise.allSettled([
      changeRole(context(first), { accountId: second.accountId, role: "officer" }),
      disableAccount(context(second), first.accountId),
    ]);
    expect(results.map((result) => result.status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(await db.account.count({ where: { role: "admin", state: "active" } })).toBe(1);
    const last = await db.account.findFirstOrThrow({ where: { role: "admin", state: "active" } });
    const system = context({ kind: "system", name: "command user disable" });
    await expect(disableAccount(system, last.id)).rejects.toMatchObject({ code: "conflict" });
  });
});
