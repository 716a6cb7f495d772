import { encode } from "next-auth/jwt";
import { describe, expect, test } from "vitest";
import type { Env } from "../lib/env.ts";
import { disableAccount, signOut } from "../lib/people/index.ts";
import { factories, useTestDatabase } from "../lib/testing/index.ts";
import { makeSessionCookie, renewedSessionCookie, sessionFromCookies, toSetCookie } from "./session.ts";

describe("a session", () => {
  const world = useTestDatabase();
  const env = { authSecret: "a secret of more than thirty-two characters", publicUrl: "http://localhost:3000" } as Env; // what sessions read of it
  /** The service parts that sessions use, with the real time: the cookie's own limits go by it. */
  const services = (over: Partial<Env> = {}, laterMs = 0) => ({
    env: { ...env, ...over },
    db: world().db,
    clock: { now: () => new Date(Date.now() + laterMs) },
  });
  const header = ({ name, value }: { name: string; value: string }) => `theme=dark; ${name}=${value}; other=1`;

  test("is read from its cookie, and ends at once when the account is disabled or signed out", async () => {
    const { db, context } = world();
    const [officer, other] = [await factories.makeOfficer(db), await factories.makeOfficer(db)];
    const cookieOf = async (accountId: string) =>
      header(await makeSessionCookie(services(), { accountId, sessionEpoch: 1 }));
    const [first, second] = [await cookieOf(officer.accountId), await cookieOf(other.accountId)];
    expect(await sessionFromCookies(services(), first)).toEqual(officer);
    await disableAccount(context(), officer.accountId);
    expect(await sessionFromCookies(services(), first)).toBeNull();
    expect(await sessionFromCookies(services(), second)).toEqual(other);
    await signOut(context(other));
    expect(await sessionFromCookies(services(), second)).toBeNull();
  });

  test("is nobody's without the secret, without its fields, after a week, or made up", async () => {
    const { accountId } = await factories.makeOfficer(world().db);
    const claims = { accountId, sessionEpoch: 1 };
    const cookie = await makeSessionCookie(services(), claims);
    const forged = await makeSessionCookie(services({ authSecret: "another secret of thirty-two characters" }), claims);
    const bare = await encode({ token: { accountId }, secret: env.authSecret });
    expect(await sessionFromCookies(services(), header(forged))).toBeNull();
    expect(await sessionFromCookies(services(), header({ ...cookie, value: bare }))).toBeNull();
    for (const value of ["", "x", "a.b.c.d.e", "x".repeat(10_000)])
      expect(await sessionFromCookies(services(), header({ ...cookie, value }))).toBeNull();
    for (const none of [undefined, null, "", ";;=;"]) expect(await sessionFromCookies(services(), none)).toBeNull();
    const weekOld = await makeSessionCookie(services(), claims, Date.now() - 7 * 24 * 3_600_000 - 1000);
    expect(await sessionFromCookies(services(), header(weekOld))).toBeNull();
  });

  test("is renewed after ten minutes of use, and keeps the time it began", async () => {
    const { accountId } = await factories.makeOfficer(world().db);
    const cookie = await makeSessionCookie(services(), { accountId, sessionEpoch: 1 });
    expect(await renewedSessionCookie(services(), header(cookie))).toBeNull();
    const renewed = await renewedSessionCookie(services({}, 11 * 60_000), header(cookie));
    expect(renewed).not.toBeNull();
    const untouched = `strongroom.untouched=1; ${header(cookie)}`;
    expect(await renewedSessionCookie(services({}, 11 * 60_000), untouched)).toBeNull();
    if (renewed === null) return;
    const afterWeek = services({}, 7 * 24 * 3_600_000 + 1000);
    expect(await sessionFromCookies(services(), header(renewed))).not.toBeNull();
    expect(await sessionFromCookies(afterWeek, header(renewed))).toBeNull();
  });

  test("its cookie is for no script and no other site, and over TLS bound to the host", async () => {
    const claims = { accountId: "P-00000-00000", sessionEpoch: 1 };
    const plain = toSetCookie(await makeSessionCookie(services(), claims));
    expect(plain).toMatch(/^strongroom\.session=[\w.-]+; Path=\/; Max-Age=28800; HttpOnly; SameSite=Lax$/);
    const secure = toSetCookie(await makeSessionCookie(services({ publicUrl: "https://archive.example.org" }), claims));
    expect(secure).toMatch(/^__Host-strongroom\.session=.*; Secure$/);
  });
});
