import { describe, expect, test } from "vitest";
import { expectCustodyEvent, factories, useTestDatabase } from "../testing/index.ts";
import {
  changeOwnPassword,
  ensureSetupLink,
  getLink,
  isSetupLink,
  issueLink,
  resolveSession,
  setUpArchive,
  signIn,
  signOut,
} from "./index.ts";

const nobody = { kind: "nobody" } as const;
let addressNumber = 0;

describe("signing in", () => {
  const world = useTestDatabase();
  const { testPassword } = factories;
  /** Someone unknown, each from an address of their own. */
  const stranger = (address = `203.0.113.${++addressNumber}`) =>
    world().context(nobody, { origin: { address, userAgent: null } });

  test("the right password begins a session and is remembered in custody", async () => {
    const { db, clock } = world();
    const officer = await factories.makeOfficer(db);
    const claims = await signIn(stranger(), { email: ` ${officer.email.toUpperCase()} `, password: testPassword });
    expect(await resolveSession(db, claims.accountId, claims.sessionEpoch)).toEqual(officer);
    await expectCustodyEvent(db, { action: "login.succeeded", actorId: officer.accountId, outcome: "done" });
    const account = await db.account.findUniqueOrThrow({ where: { id: officer.accountId } });
    expect(account.lastLoginAt).toEqual(clock.now());
  });

  test("a wrong password, an unknown, a disabled and an invited account get one answer", async () => {
    const { db } = world();
    const active = await factories.makeOfficer(db);
    const disabled = await factories.makeOfficer(db, { state: "disabled" });
    const attempts = [
      { email: active.email, password: "not it, not it" },
      { email: disabled.email, password: testPassword },
      { email: "who@example.org", password: testPassword },
      { email: "no address\u0000", password: "" },
    ];
    const answers = await Promise.all(
      attempts.map((attempt) =>
        signIn(stranger(), attempt).catch((error: Error) => ({ ...error, text: error.message })),
      ),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({ code: "login_failed" });
    await expectCustodyEvent(db, {
      action: "login.failed",
      outcome: "refused",
      actorKind: "nobody",
      accountId: active.accountId,
      details: { reason: "wrong_password" },
    });
    await expectCustodyEvent(db, {
      action: "login.failed",
      details: { reason: "no_account", email: "w…@example.org" },
    });
  });

  test("what may be a password in the wrong field is not kept", async () => {
    const { db } = world();
    for (const typed of ["hunter2@Winter-2026!", "correct horse battery", "@.", "p@ss@word.1"])
      await expect(signIn(stranger(), { email: typed, password: "x" })).rejects.toMatchObject({ code: "login_failed" });
    const kept = await db.custodyEvent.findMany({
      where: { action: "login.failed" },
      orderBy: { seq: "desc" },
      take: 4,
    });
    for (const { details } of kept) expect(details).toEqual({ reason: "no_account", email: "…" });
  });

  test("no account costs as much work as a wrong password", async () => {
    const { db } = world();
    const officer = await factories.makeOfficer(db);
    const timed = async (email: string) => {
      const started = performance.now();
      await signIn(stranger(), { email, password: "wrong" }).catch(() => undefined);
      return performance.now() - started;
    };
    await timed("warm-up@example.org");
    const median = (times: number[]) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
    const known: number[] = [];
    const unknown: number[] = [];
    for (let round = 0; round < 7; round++) {
      known.push(await timed(officer.email));
      unknown.push(await timed(`unknown-${round}@example.org`));
    }
    expect(median(unknown) / median(known)).toBeGreaterThan(0.5);
    expect(median(unknown) / median(known)).toBeLessThan(2);
  });

  test("an account is closed after ten wrong passwords, from wherever, and says so once in custody", async () => {
    const { db } = world();
    const officer = await factories.makeOfficer(db);
    const attempt = (password: string) => signIn(stranger(), { email: officer.email, password });
    const codes = await Promise.all(
      Array.from({ length: 14 }, () => attempt("wrong").catch((error: { code: string }) => error.code)),
    );
    expect(codes.filter((code) => code === "login_failed")).toHaveLength(10);
    await expect(attempt(testPassword)).rejects.toMatchObject({ code: "too_many_requests" });
    const error = await attempt(testPassword).catch((caught: { retryAfterSeconds: number }) => caught);
    expect(error).toMatchObject({ retryAfterSeconds: expect.any(Number) });
    const reached = await db.custodyEvent.count({
      where: { action: "login.failed", details: { path: ["reason"], equals: "too_many_attempts" } },
    });
    expect(reached).toBe(1);
  });

  test("signing in forgets an account's wrong passwords", async () => {
    const officer = await factories.makeOfficer(world().db);
    for (let round = 0; round < 3; round++) {
      for (let wrong = 0; wrong < 6; wrong++)
        await expect(signIn(stranger(), { email: officer.email, password: "wrong" })).rejects.toMatchObject({
          code: "login_failed",
        });
      await signIn(stranger(), { email: officer.email, password: testPassword });
    }
  });

  test("an address is closed after sixty attempts on different accounts", async () => {
    const address = "203.0.113.250";
    const attempts = Array.from({ length: 61 }, (_, n) =>
      signIn(stranger(address), { email: `target-${n}@example.org`, password: "x" }).catch(
        (error: { code: string }) => error.code,
      ),
    );
    const codes = await Promise.all(attempts);
    expect(codes.filter((code) => code === "too_many_requests")).toHaveLength(1);
  });

  test("signing out ends every session of the account", async () => {
    const { db, context } = world();
    const officer = await factories.makeOfficer(db);
    const claims = await signIn(stranger(), { email: officer.email, password: testPassword });
    await signOut(context(officer));
    expect(await resolveSession(db, claims.accountId, claims.sessionEpoch)).toBeNull();
    await expectCustodyEvent(db, { action: "login.ended", actorId: officer.accountId });
    await expect(signOut(context(nobody))).rejects.toMatchObject({ code: "unauthenticated" });
  });

  test("a person changes their own password, knowing the old one", async () => {
    const { db, context } = world();
    const officer = await factories.makeOfficer(db);
    const ctx = context(officer);
    const newPassword = "another very fine phrase";
    await expect(changeOwnPassword(ctx, { currentPassword: "wrong", newPassword })).rejects.toMatchObject({
      code: "invalid_input",
      field: "currentPassword",
    });
    const { secret } = await issueLink(context(), officer.accountId);
    const claims = await changeOwnPassword(ctx, { currentPassword: testPassword, newPassword });
    await expect(getLink(stranger(), secret)).rejects.toMatchObject({ code: "link_used" });
    expect(await resolveSession(db, officer.accountId, 1)).toBeNull();
    expect(await resolveSession(db, officer.accountId, claims.sessionEpoch)).toEqual(officer);
    await signIn(stranger(), { email: officer.email, password: newPassword });
    await expectCustodyEvent(db, { action: "account.password_changed", actorId: officer.accountId });
  });
});

describe("setting up the archive", () => {
  const world = useTestDatabase();
  const first = {
    organisationName: "Blindados Norte",
    name: "Ada",
    email: "ada@example.org",
    password: "some fine words",
  };

  test("works once, through the newest link, also with two calls at once", async () => {
    const { db, clock, context } = world();
    const older = await ensureSetupLink(db, clock);
    const secret = await ensureSetupLink(db, clock);
    if (older === null || secret === null) throw new Error("An empty archive has a link.");
    const setUp = (link: string, email: string) => setUpArchive(context(nobody), { ...first, secret: link, email });
    await expect(setUp(older, "mallory@example.org")).rejects.toMatchObject({ code: "link_used" });
    expect(await isSetupLink(context(nobody), secret)).toBe(true);
    const results = await Promise.allSettled([setUp(secret, "ada@example.org"), setUp(secret, "eve@example.org")]);
    expect(results.map((result) => result.status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(await db.account.count()).toBe(1);
    expect(await db.account.findFirst()).toMatchObject({ role: "admin", state: "active" });
    await expectCustodyEvent(db, { action: "archive.set_up" });
    expect(await isSetupLink(context(nobody), secret)).toBe(false);
    expect(await ensureSetupLink(db, clock)).toBeNull();
  });
});
