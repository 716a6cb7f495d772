import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ensureSigningKeys, publicKeys } from "../keys/index.ts";
import { type EnrolmentCode, parseEnrolmentLink, readEnrolmentCode, signEnrolmentProof } from "../protocol/index.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../testing/index.ts";
import {
  approveDevice,
  authenticateDevice,
  type EnrolmentCodeInput,
  enrolDevice,
  getDevice,
  issueDeviceToken,
  listEnrolmentCodes,
  makeEnrolmentCode,
  newNonce,
  refuseDevice,
  resumeDevice,
  revokeEnrolmentCode,
  suspendDevice,
} from "./index.ts";

const server = "https://archive.example";
const newKey = () => generateKeyPairSync("ed25519").privateKey;
const facts = { platform: "linux arm64", uploader: "0.1.0", hostname: "van-12" };
const hourMs = 3_600_000;
const codeInvalid = expect.objectContaining({ code: "enrolment_code_invalid" });

describe("enrolment", () => {
  const world = useTestDatabase();
  const admin = async () => world().context(await factories.makeAdmin(world().db));
  /** A machine: from an address of its own, so that no test meets another's limits. */
  let machines = 0;
  const machine = () =>
    world().context({ kind: "nobody" }, { origin: { address: `198.51.100.${++machines}`, userAgent: null } });
  const make = async (input: EnrolmentCodeInput = {}) => makeEnrolmentCode(await admin(), input, server);

  function enrol(code: string, key: KeyObject = newKey(), over: { name?: string; nonce?: string } = {}) {
    const ctx = machine();
    const proof = signEnrolmentProof(
      { nonce: newNonce(ctx), code: readEnrolmentCode(code) as EnrolmentCode, facts, ...over },
      key,
    );
    return enrolDevice(ctx, { code, proof });
  }

  test("a code is shown once, in all the forms that a device takes", async () => {
    const { db } = world();
    await ensureSigningKeys(world().context(), "archive.example/api/log");
    const made = await make({ form: "typed" });
    const pin = (await publicKeys(db)).find((key) => key.purpose === "receipt")?.kid ?? "";
    expect(made).toMatchObject({ server, pin });
    expect(parseEnrolmentLink(made.link)).toEqual({ server, code: readEnrolmentCode(made.code), pin });
    expect(made.command).toBe(`strongroom-uploader enrol --server ${server} --code ${made.code} --pin ${pin}`);
    expect(made.expiresAt.getTime() - world().clock.now().getTime()).toBe(hourMs);
    const rows = JSON.stringify([await db.enrolmentCode.findMany(), await db.custodyEvent.findMany()], (_, value) =>
      typeof value === "bigint" ? String(value) : value,
    );
    expect(rows).not.toContain(made.code);
    expect(rows).not.toContain(made.code.replace("-", ""));
    await expectCustodyEvent(db, { action: "device.enrolment_code_made", details: { codeId: made.id, form: "typed" } });
  });

  test.each<[string, EnrolmentCodeInput, string]>([
    ["a typed code for two", { form: "typed", maxUses: 2 }, "maxUses"],
    ["a typed code for two days", { form: "typed", hours: 48 }, "hours"],
    ["a code for a quarter", { hours: 31 * 24 }, "hours"],
    ["a code for a minute", { hours: 1 / 60 }, "hours"],
    ["a code for nobody", { maxUses: 0 }, "maxUses"],
    ["a code for everybody", { maxUses: 10_001 }, "maxUses"],
    ["a site that is none", { siteId: "S-00000-00000" }, "siteId"],
    ["a policy that is none", { policyId: "F-AAAAA-AAAAA" }, "policyId"],
  ])("%s is refused", async (_, input, field) => {
    await expect(make(input)).rejects.toMatchObject({ code: "invalid_input", field });
  });

  test("an officer makes no codes, revokes none and lets nobody in, and custody says so", async () => {
    const { db } = world();
    const officer = world().context(await factories.makeOfficer(db));
    const { id } = await make();
    const { deviceId } = await enrol((await make({ needsApproval: true })).code);
    for (const refused of [
      () => makeEnrolmentCode(officer, {}, server),
      () => revokeEnrolmentCode(officer, id),
      () => approveDevice(officer, deviceId),
      () => refuseDevice(officer, deviceId),
    ])
      await expect(refused()).rejects.toMatchObject({ code: "forbidden" });
    await expectCustodyEvent(db, { action: "access.refused", outcome: "refused" });
    expect((await listEnrolmentCodes(officer)).find((row) => row.id === id)?.can.revoke).toContain("administrators");
  });

  test("a machine with a code becomes a device at its site, and the code is used up", async () => {
    const { db } = world();
    const site = await factories.makeSite(db);
    const { id: policyId } = await db.devicePolicy.findFirstOrThrow();
    const { id, code } = await make({ siteId: site.id, policyId });
    const enrolled = await enrol(code, newKey(), { name: "Van of this test" });
    expect(enrolled).toMatchObject({ isNew: true, name: "Van of this test", state: "active", site: { id: site.id } });
    const { deviceId, kid } = enrolled;
    expect(await db.device.findUnique({ where: { id: deviceId } })).toMatchObject({ policyId });
    expect(await getDevice(await admin(), deviceId)).toMatchObject({
      state: "active",
      keys: [{ kid, buysTokens: true, fromSequence: 1, untilSequence: null }],
      enrolment: { codeId: id, facts },
      activeTokens: 0,
    });
    const about = { deviceId, actorName: "Van of this test" };
    await expectCustodyEvent(db, { action: "device.enrolled", ...about, details: { codeId: id, kid } });
    await expectCustodyEvent(db, { action: "device.enrolment_code_used", ...about, details: { codeId: id, uses: 1 } });
    const row = (await listEnrolmentCodes(await admin())).find((listed) => listed.id === id);
    expect(row).toMatchObject({ state: "used_up", uses: 1, devices: [{ id: deviceId }] });
  });

  test("the same code and key are the same device: when the answer was lost, the code used up, out of date, revoked", async () => {
    const { db, clock } = world();
    const { id, code } = await make();
    const key = newKey();
    const { deviceId } = await enrol(code, key);
    expect(await enrol(code, key)).toMatchObject({ isNew: false, deviceId });
    clock.advance(48 * hourMs);
    expect(await enrol(code, key)).toMatchObject({ isNew: false, deviceId });
    await revokeEnrolmentCode(await admin(), id);
    expect(await enrol(code, key)).toMatchObject({ isNew: false, deviceId });
    expect(await db.custodyEvent.count({ where: { action: "device.enrolled", deviceId } })).toBe(1);
    // And with the next code, which it does not use up.
    const next = await make();
    expect(await enrol(next.code, key)).toMatchObject({ isNew: false, deviceId });
    expect(await enrol(next.code)).toMatchObject({ isNew: true });
  });

  test("another key with a used code is refused, and custody has its thumbprint", async () => {
    const { db } = world();
    const { id, code } = await make();
    await enrol(code);
    await expect(enrol(code)).rejects.toEqual(codeInvalid);
    await expectCustodyEvent(db, {
      action: "device.enrolment_refused",
      outcome: "refused",
      details: { codeId: id, reason: "used_up" },
    });
  });

  test("a code that is unknown, out of date or revoked is refused in the same words", async () => {
    const { clock } = world();
    const old = await make({ hours: 1 });
    clock.advance(2 * hourMs);
    const revoked = await make();
    await revokeEnrolmentCode(await admin(), revoked.id);
    const messages = [];
    for (const code of [old.code, revoked.code, "BCDF-GHJK", "sre_AAAAAAAAAAAAAAAAAAAAAA"])
      messages.push(
        await enrol(code).then(
          () => "let in",
          (error: Error) => error.message,
        ),
      );
    expect(new Set(messages).size).toBe(1);
    expect(messages[0]).toContain("lets nobody in");
    await expect(revokeEnrolmentCode(await admin(), revoked.id)).rejects.toMatchObject({ code: "state_conflict" });
    await expectCustodyEvent(world().db, {
      action: "device.enrolment_code_revoked",
      details: { codeId: revoked.id },
    });
  });

  test("of many who race with one code, as many become devices as it says", async () => {
    const { db } = world();
    const one = await make();
    const three = await make({ maxUses: 3, needsApproval: false });
    const race = (code: string) => Promise.allSettled(Array.from({ length: 8 }, () => enrol(code)));
    for (const { code, id, count } of [
      { ...one, count: 1 },
      { ...three, count: 3 },
    ]) {
      const results = await race(code);
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(count);
      for (const result of results) if (result.status === "rejected") expect(result.reason).toEqual(codeInvalid);
      expect(await db.device.count({ where: { enrolmentCodeId: id } })).toBe(count);
    }
  });

  test("one key that races with itself is one device", async () => {
    const { code, id } = await make();
    const key = newKey();
    const all = await Promise.all(Array.from({ length: 6 }, () => enrol(code, key)));
    expect(new Set(all.map(({ deviceId }) => deviceId)).size).toBe(1);
    expect(all.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(await world().db.device.count({ where: { enrolmentCodeId: id } })).toBe(1);
  });

  test("machines of one name get numbers", async () => {
    const { code } = await make({ maxUses: 3, needsApproval: false });
    const names = [];
    for (let number = 0; number < 3; number++) names.push((await enrol(code, newKey(), { name: "pi 100%_\\" })).name);
    expect(names).toEqual(["pi 100%_\\", "pi 100%_\\ (2)", "pi 100%_\\ (3)"]);
  });

  test("a long name is cut between characters", async () => {
    const { code } = await make();
    expect((await enrol(code, newKey(), { name: `${"a".repeat(79)}🚓 2` })).name).toBe("a".repeat(79));
  });

  test("a code for several asks for approval, and until then the device may do nothing", async () => {
    const { db } = world();
    const ctx = await admin();
    const { code } = await make({ maxUses: 2 });
    const key = newKey();
    const { deviceId, state } = await enrol(code, key);
    expect(state).toBe("pending");
    const { token } = await issueDeviceToken(ctx, deviceId);
    const authenticate = () => authenticateDevice(world().context(), token, { address: null, userAgent: null });
    expect(await authenticate()).toBeNull();
    expect((await getDevice(ctx, deviceId)).can).toMatchObject({
      approve: null,
      refuse: null,
      suspend: expect.any(String),
    });
    for (const wrong of [resumeDevice, suspendDevice])
      await expect(wrong(ctx, deviceId)).rejects.toMatchObject({ code: "state_conflict" });
    await approveDevice(ctx, deviceId);
    await expectCustodyEvent(db, { action: "device.approved", deviceId });
    expect(await authenticate()).toMatchObject({ deviceId });
    expect((await enrol(code, key)).state).toBe("active");
    await expect(approveDevice(ctx, deviceId)).rejects.toMatchObject({ code: "state_conflict" });
    await expect(refuseDevice(ctx, deviceId)).rejects.toMatchObject({ code: "state_conflict" });
  });

  test("a refused device stays out, with its key and its code", async () => {
    const { db } = world();
    const ctx = await admin();
    const { code } = await make({ maxUses: 2 });
    const key = newKey();
    const { deviceId } = await enrol(code, key);
    await refuseDevice(ctx, deviceId);
    await expectCustodyEvent(db, { action: "device.refused", deviceId });
    await expect(enrol(code, key)).rejects.toMatchObject({ code: "device_revoked" });
    expect(await db.device.count({ where: { id: deviceId, state: "revoked" } })).toBe(1);
  });

  test("a nonce is good once, for five minutes, in this archive", async () => {
    const { clock } = world();
    const ctx = machine();
    const nonce = newNonce(ctx);
    const { code } = await make({ maxUses: 9, needsApproval: false });
    await enrol(code, newKey(), { nonce });
    const wrong = [nonce, "", "AAAA", newNonce(ctx).replace(/^./, "_"), newNonce(ctx).slice(0, -2)];
    const other = { ...ctx, vault: { ...ctx.vault, mac: () => Buffer.alloc(32) } };
    const old = newNonce(ctx);
    clock.advance(300_000);
    for (const used of [...wrong.filter(Boolean), newNonce(other), old]) {
      const refused = await enrol(code, newKey(), { nonce: used }).catch((error: unknown) => error);
      expect(refused, used).toMatchObject({ code: "nonce_invalid", members: { nonce: expect.any(String) } });
    }
    // The refusal brings one that is good.
    const fresh = await enrol(code, newKey(), { nonce }).catch((error) => error.members.nonce);
    expect(await enrol(code, newKey(), { nonce: fresh })).toMatchObject({ isNew: true });
  });

  test("used nonces go when they have run out", async () => {
    const { db, clock } = world();
    clock.advance(600_000);
    const { code } = await make({ maxUses: 20, needsApproval: false });
    const key = newKey();
    for (let round = 0; round < 12; round++) {
      await enrol(code, key);
      clock.advance(300_000);
    }
    expect(await db.spentNonce.count()).toBeLessThan(5);
  });

  test("a used nonce is refused too by a server whose clock is behind the one that cleans up", async () => {
    const { clock } = world();
    const { code } = await make({ maxUses: 20, needsApproval: false });
    const key = newKey();
    const nonce = newNonce(machine());
    await enrol(code, key, { nonce });
    clock.advance(360_000);
    await enrol(code, key);
    const behind = { now: () => new Date(clock.now().getTime() - 240_000) };
    const other = world().context({ kind: "nobody" }, { clock: behind });
    const wish = { nonce, code: readEnrolmentCode(code) as EnrolmentCode, facts };
    const again = enrolDevice(other, { code, proof: signEnrolmentProof(wish, key) });
    await expect(again).rejects.toMatchObject({ code: "nonce_invalid" });
  });

  test("a proof about another code, or none, is refused before the code is looked at", async () => {
    const one = await make();
    const other = await make();
    const ctx = machine();
    const code = readEnrolmentCode(other.code) as EnrolmentCode;
    const proof = signEnrolmentProof({ nonce: newNonce(ctx), code, facts }, newKey());
    for (const input of [{ code: one.code, proof }, { code: one.code, proof: "x" }, { code: one.code }, null])
      await expect(enrolDevice(ctx, input)).rejects.toMatchObject({ code: "invalid_input" });
  });

  test("who guesses codes is stopped, and who has the right one meanwhile from elsewhere is not", async () => {
    const ctx = machine();
    const answers = new Map<string, number>();
    const guess = async (number: number) => {
      const letters = [...String(number).padStart(8, "0")].map((digit) => "BCDFGHJKLM"[Number(digit)]).join("");
      const code = readEnrolmentCode(letters) as EnrolmentCode;
      const proof = signEnrolmentProof({ nonce: newNonce(ctx), code, facts }, newKey());
      const { code: answer } = await enrolDevice(ctx, { code: letters, proof }).catch((error) => error);
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    };
    for (let number = 0; number < 3; number++) await guess(number);
    // As if 290 more had come from there.
    await world().db
      .$executeRaw`UPDATE login_limit SET points = points + 290 WHERE key LIKE 'enrol-address:198.51.100.%' AND points = 3`;
    await Promise.all(Array.from({ length: 12 }, (_, index) => guess(100 + index)));
    expect(Object.fromEntries(answers)).toEqual({ enrolment_code_invalid: 10, too_many_requests: 5 });
    const { code } = await make({ form: "typed" });
    expect(await enrol(code)).toMatchObject({ isNew: true });
  });

  /** As if so many typed codes had been tried in the ten seconds that run. */
  async function fill(lane: "typed" | "fresh", points: number, seconds = 10) {
    const key = `enrol-${lane}:all`;
    const expire = BigInt(Date.now() + seconds * 1000);
    await world().db.$executeRaw`
      INSERT INTO login_limit (key, points, expire) VALUES (${key}, ${points}::int, ${expire})
      ON CONFLICT (key) DO UPDATE SET points = excluded.points, expire = excluded.expire`;
  }

  test("of typed codes no more are tried, from wherever, than would find one: for seconds; long ones go on", async () => {
    const { code } = await make({ form: "typed" });
    await fill("fresh", 100);
    const refused = await enrol(code).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "too_many_requests" });
    // Seconds, not minutes: whoever stands before the machine waits for it.
    expect(Number((refused as { retryAfterSeconds: number }).retryAfterSeconds)).toBeLessThanOrEqual(16);
    expect(await enrol((await make()).code)).toMatchObject({ isNew: true });
    await fill("fresh", 0);
    expect(await enrol(code)).toMatchObject({ isNew: true });
  });

  test("a flood of nonsense from a few addresses keeps nobody else from a typed code", async () => {
    const own = () => world().context({ kind: "nobody" }, { origin: { address: "203.0.113.9", userAgent: null } });
    const tryOne = async (text: string) => {
      const ctx = own();
      const code = readEnrolmentCode(text) as EnrolmentCode;
      const proof = signEnrolmentProof({ nonce: newNonce(ctx), code, facts }, newKey());
      return enrolDevice(ctx, { code: text, proof }).then(
        () => "let in",
        (error: { code: string }) => error.code,
      );
    };
    await fill("typed", 100, 600);
    const answers = [];
    for (const text of ["BCDF-GHJK", "BCDF-GHJL", "BCDF-GHJM", "BCDF-GHJN", "BCDF-GHJP", "BCDF-GHJQ"])
      answers.push(await tryOne(text));
    // It has guessed five times, and stands in line with those that flood.
    expect(answers).toEqual([...Array<string>(5).fill("enrolment_code_invalid"), "too_many_requests"]);
    expect(await enrol((await make({ form: "typed" })).code)).toMatchObject({ isNew: true });
  });
});
