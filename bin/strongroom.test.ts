import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordEvent } from "../lib/custody/index.ts";
import { getCheckpoint, sequenceLog } from "../lib/custody-log/index.ts";
import { authenticateDevice } from "../lib/devices/index.ts";
import { ensureSigningKeys } from "../lib/keys/index.ts";
import { getLink } from "../lib/people/index.ts";
import { parseEnrolmentLink } from "../lib/protocol/index.ts";
import { issueReceipts } from "../lib/receipts/index.ts";
import { recordingKey } from "../lib/recordings/index.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../lib/testing/index.ts";
import { recordStatement } from "../lib/uploads/index.ts";
import { openVault } from "../lib/vault.ts";
import { Operator } from "./testing/operator.ts";

// Starting a process takes seconds on a busy machine.
describe("the operator command", { timeout: 120_000 }, () => {
  const world = useTestDatabase();
  const authSecret = "a secret of this test, and of nothing else";
  let dir: string;
  let operator: Operator;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), "strongroom-command-"));
    operator = new Operator({
      PATH: process.env.PATH ?? "",
      NODE_ENV: "production",
      DATABASE_URL: world().databaseUrl,
      DATA_DIR: dir,
      STORAGE_URL: `file:${join(world().dir, "storage")}`,
      PUBLIC_URL: "https://archive.example.org",
      AUTH_SECRET: authSecret,
    });
  });
  afterAll(async () => {
    await operator.leave();
    rmSync(dir, { recursive: true, force: true });
  });

  /** Runs a command beside this test's database and storage. */
  const strongroom = (...args: string[]) => operator.run(...args);

  test("device add prints a token that lets the device in, and adds its site once", async () => {
    const { db } = world();
    const first = await strongroom("device", "add", "--name", "Van 12", "--site", "Depot North", "--json");
    const { id, token, siteId } = JSON.parse(first.out);
    const origin = { address: null, userAgent: null };
    expect(await authenticateDevice(world().context(), token, origin)).toMatchObject({ deviceId: id, name: "Van 12" });
    const second = await strongroom("device", "add", "--name", "Van 13", "--site", siteId.toLowerCase(), "--json");
    expect(JSON.parse(second.out).siteId).toBe(siteId);
    expect(await db.site.count()).toBe(1);
    await expectCustodyEvent(db, { action: "device.added", deviceId: id, actorName: "command device add" });
    const taken = await strongroom("device", "add", "--name", "Van 12");
    expect(taken).toMatchObject({ code: 1, err: "name: There already is a device named Van 12.\n" });
    expect((await strongroom("device", "revoke", "Van 13")).out).toBe("Van 13 is revoked.\n");
    expect((await strongroom("device", "list")).out).toMatch(/Van 12 +active +Depot North/);
  });

  test("policies are made and changed, and devices asked for files", async () => {
    const { db } = world();
    const device = await factories.makeDevice(db, { name: "Tram 4" });
    const made = await strongroom(
      "policy",
      "add",
      "Trams",
      "transfer.parallel=2",
      "order=newest",
      "--key-age",
      "none",
      "--json",
    );
    const policy = JSON.parse(made.out);
    expect(policy).toMatchObject({
      name: "Trams",
      keyMaxAgeDays: null,
      settings: { order: "newest", transfer: { parallel: 2 } },
    });
    await expectCustodyEvent(db, { action: "policy.created", actorName: "command policy add" });
    const wrong = await strongroom("policy", "set", "Trams", "transfer.parallel=99");
    expect(wrong).toMatchObject({
      code: 1,
      err: "settings.transfer.parallel: transfer.parallel must be a whole number from 1 to 8.\n",
    });
    const asked = JSON.parse((await strongroom("device", "ask", "Tram 4", "--file", "crash.mp4", "--json")).out);
    expect(asked).toMatchObject({ deviceId: device.id, state: "open", askedBy: "command device ask" });
    const shown = JSON.parse((await strongroom("device", "show", "Tram 4", "--json")).out);
    expect(shown).toMatchObject({ policy: { name: "Default" }, activeTokens: 1, wanted: [{ id: asked.id }] });
  });

  test("device add and device key take a public key in any form, and no private one", async () => {
    const { db } = world();
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const pem = join(dir, "van14.pub.pem");
    writeFileSync(pem, publicKey.export({ format: "pem", type: "spki" }));
    const added = await strongroom("device", "add", "--name", "Van 14", "--site", "Depot East", "--key", pem, "--json");
    const { id, kid } = JSON.parse(added.out);
    await expectCustodyEvent(db, { action: "device.key_added", deviceId: id, details: { kid } });
    const second = JSON.stringify(generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" }));
    const more = await strongroom("device", "key", "add", "Van 14", second);
    expect(more.out.trim()).toMatch(/^[\w-]{43}$/);
    writeFileSync(join(dir, "van14.pem"), privateKey.export({ format: "pem", type: "pkcs8" }));
    const refused = await strongroom("device", "key", "add", "Van 14", join(dir, "van14.pem"));
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining("key: This is a private key") });
    expect((await strongroom("device", "key", "revoke", kid)).out).toBe(`The key ${kid} is revoked.\n`);
    expect((await strongroom("device", "key", "list", "Van 14")).out).toMatch(new RegExp(`${kid} .* UTC  .* UTC`));
  });

  test("user add prints a link that works, for the operator or for a named organisation", async () => {
    await factories.makeOrganisation(world().db, { kind: "operator", name: "Northline" });
    const officer = [
      "user",
      "add",
      "--email",
      "Olga@northline.example",
      "--name",
      "Olga",
      "--role",
      "officer",
      "--json",
    ];
    const { url } = JSON.parse((await strongroom(...officer)).out);
    expect(url).toMatch(/^https:\/\/archive\.example\.org\/invite\/[\w-]{43}$/);
    const nobody = world().context({ kind: "nobody" }, { clock: { now: () => new Date() } });
    const secret = url.split("/").at(-1);
    expect(await getLink(nobody, secret)).toMatchObject({ email: "olga@northline.example", isNewAccount: true });
    const requester = ["user", "add", "--email", "ana@police.example", "--name", "Ana", "--role", "requester"];
    const noBody = await strongroom(...requester);
    expect(noBody).toMatchObject({ code: 1, err: expect.stringContaining("--organisation") });
    const done = await strongroom(...requester, "--organisation", "Policía", "--organisation-kind", "police");
    expect(done).toMatchObject({ code: 0, out: expect.stringContaining("/invite/") });
    expect((await strongroom("user", "link", "ana@police.example")).out).toContain("/invite/");
  });

  test("verify says which recording a file is, and check says what is wrong", async () => {
    const { db, storage, context } = world();
    const content = new TextEncoder().encode("a very short video");
    const { id } = await factories.makeRecording(db, { content });
    const file = join(dir, "copy.mp4");
    writeFileSync(file, content);
    const { code, out } = await strongroom("verify", file, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out).recordings).toMatchObject([{ id, state: "sealed", receipt: "no receipt" }]);
    writeFileSync(file, "something else");
    expect(await strongroom("verify", file)).toMatchObject({ code: 1, out: expect.stringContaining("does not know") });
    expect(await strongroom("verify", join(dir, "none"))).toMatchObject({ code: 1 });

    expect(await strongroom("check")).toMatchObject({ code: 1, out: expect.stringContaining(`${id}  blob_missing`) });
    await storage.put(recordingKey(id), content);
    await recordEvent(context(), db, { action: "recording.sealed", recordingId: id });
    const clean = await strongroom("check", "--depth", "digest", "--json");
    expect(clean.code).toBe(0);
    expect(JSON.parse(clean.out).report).toMatchObject({ recordings: 1, problems: 0, bytesRead: content.length });
  });

  test("check --quarantine takes out a sealed recording that is damaged, and no sound one", async () => {
    const { db, storage, context } = world();
    const content = new Uint8Array(900_000).fill(7);
    const ids = [];
    for (const stored of [content, content.with(450_000, 8)]) {
      const { id } = await factories.makeRecording(db, { content, chunkSizeBytes: 400_000 });
      await storage.put(recordingKey(id), stored);
      await recordEvent(context(), db, { action: "recording.sealed", recordingId: id });
      ids.push(id);
    }
    const [sound, damaged] = ids;
    const { code, out } = await strongroom("check", "--depth", "digest", "--quarantine");
    expect(code).toBe(1);
    expect(out).toContain(`${damaged}  quarantined: chunk_mismatch`);
    const stateOf = async (id = "") => (await db.recording.findUniqueOrThrow({ where: { id } })).state;
    expect([await stateOf(sound), await stateOf(damaged)]).toEqual(["sealed", "quarantined"]);
    await expectCustodyEvent(db, {
      action: "recording.quarantined",
      recordingId: damaged ?? "",
      actorName: "command check",
      details: { from: "sealed", index: 1 },
    });
  });

  test("keys are listed and rotated, and the log is verified", async () => {
    const { db, context } = world();
    const system = context({ kind: "system", name: "start" }, { vault: openVault(authSecret) });
    await ensureSigningKeys(system, "archive.example.org/api/log");
    await sequenceLog(system);
    const { kid } = JSON.parse((await strongroom("key", "rotate", "--purpose", "log", "--json")).out);
    await expectCustodyEvent(db, { action: "key.rotated", actorName: "command key rotate", details: { kid } });
    const keys = JSON.parse((await strongroom("key", "list", "--json")).out);
    expect(
      keys.map((key: { purpose: string; retiredAt: string | null }) => [key.purpose, key.retiredAt === null]),
    ).toEqual(
      expect.arrayContaining([
        ["log", true],
        ["log", false],
        ["receipt", true],
      ]),
    );
    const checkpoint = join(dir, "checkpoint.txt");
    writeFileSync(checkpoint, await getCheckpoint(system));
    const verified = await strongroom("log", "verify", "--checkpoint", checkpoint);
    expect(verified).toMatchObject({ code: 0, out: expect.stringMatching(/^Nothing is wrong: \d+ events under/) });
  });

  test("verify checks the receipt too, and says when it is not valid", async () => {
    const { db, context } = world();
    const system = context({ kind: "system", name: "start" }, { vault: openVault(authSecret) });
    await ensureSigningKeys(system, "archive.example.org/api/log");
    const content = Buffer.from("proved");
    const { id, sha256 } = await factories.makeRecording(db, { content });
    const details = { sha256: Buffer.from(sha256 ?? []).toString("hex"), sizeBytes: content.length, chunks: 1 };
    await recordEvent(context(), db, { action: "recording.sealed", recordingId: id, details });
    const other = await factories.makeRecording(db, { content: Buffer.from("other") });
    await recordEvent(context(), db, { action: "recording.sealed", recordingId: other.id });
    await sequenceLog(system);
    await issueReceipts(system);
    const file = join(dir, "proved.mp4");
    writeFileSync(file, content);
    const valid = await strongroom("verify", file);
    expect(valid).toMatchObject({ code: 0, out: expect.stringContaining("receipt valid: event") });
    await db.$executeRaw`ALTER TABLE receipt DISABLE TRIGGER ALL`;
    await db.$executeRaw`UPDATE receipt SET jws = 'a.b.c' WHERE recording_id = ${id}`;
    const wrong = await strongroom("verify", file);
    expect(wrong).toMatchObject({ code: 1, out: expect.stringContaining("RECEIPT NOT VALID") });
    await db.$executeRaw`UPDATE receipt r SET jws = o.jws FROM receipt o
      WHERE r.recording_id = ${id} AND o.recording_id = ${other.id}`;
    const foreign = await strongroom("verify", file);
    expect(foreign).toMatchObject({ code: 1, out: expect.stringContaining("about another recording") });
  });

  test("device enrol-code prints all that a device needs, and enrol-codes lists it without the code", async () => {
    const { db } = world();
    const args = ["--typed", "--site", "Depot of codes", "--policy", "Default", "--approve", "--hours", "2", "--json"];
    await db.devicePolicy.updateMany({ where: { isDefault: true }, data: { name: "Default" } });
    const { code, out, err } = await strongroom("device", "enrol-code", ...args);
    expect([code, err]).toEqual([0, ""]);
    const made = JSON.parse(out);
    expect(made.code).toMatch(/^[A-Z]{4}-[A-Z]{4}$/);
    expect(made.command).toContain(`enrol --server https://archive.example.org --code ${made.code}`);
    expect(parseEnrolmentLink(made.link)).toMatchObject({ server: "https://archive.example.org", pin: made.pin });
    await expectCustodyEvent(db, {
      action: "device.enrolment_code_made",
      actorName: "command device enrol-code",
      details: { codeId: made.id, needsApproval: true },
    });
    const list = await strongroom("device", "enrol-codes");
    expect(list.out).toMatch(new RegExp(`${made.id} +open +typed +0/1 +yes +Depot of codes`));
    expect(list.out).not.toContain(made.code);
    expect(await strongroom("device", "enrol-code", "revoke", made.id)).toMatchObject({ code: 0 });
    expect(await db.enrolmentCode.count({ where: { id: made.id, revokedAt: null } })).toBe(0);
  });

  test("devices are approved, and revoked with what they brought since a time", async () => {
    const { db } = world();
    const make = async (state: "pending" | "active") => {
      const { id } = await factories.makeDevice(db);
      await db.device.update({ where: { id }, data: { state } });
      return id;
    };
    const [first, third] = [await make("pending"), await make("active")];
    const stateOf = async (...args: string[]) => JSON.parse((await strongroom("device", ...args, "--json")).out).state;
    expect(await stateOf("approve", first)).toBe("active");
    expect(await stateOf("revoke", third, "--untrusted-since", "2026-03-14T10:00:00+01:00")).toBe("revoked");
    await expectCustodyEvent(db, {
      action: "device.distrusted",
      deviceId: third,
      details: { untrustedSince: "2026-03-14T09:00:00.000Z" },
    });
    expect(await strongroom("device", "revoke", first, "--untrusted-since", "yesterday")).toMatchObject({ code: 2 });
  });

  test("device gap lists missing numbers, acknowledges them with a reason, and takes that back", async () => {
    const { db } = world();
    const device = await factories.makeSigner(db);
    const ctx = world().context({ kind: "device", deviceId: device.id, name: device.name });
    for (const sequence of [1, 5]) await recordStatement(ctx, device.state(sequence));
    const gap = async (...args: string[]) => JSON.parse((await strongroom("device", "gap", ...args, "--json")).out);
    expect(await gap("list", device.id)).toEqual({ gaps: [{ first: 2, last: 4 }], acknowledged: [] });
    const reason = ["--reason", "Its card died."];
    const done = await gap("acknowledge", device.id, "3-9", ...reason);
    expect(done).toEqual({ id: expect.stringMatching(/^N-/), numbers: "3-4" });
    const details = { acknowledgementId: done.id, reason: "Its card died." };
    const about = { action: "device.gap_acknowledged", actorName: "command device gap acknowledge" } as const;
    await expectCustodyEvent(db, { ...about, deviceId: device.id, details });
    const { out } = await strongroom("device", "gap", "list", device.id);
    expect(out).toMatch(new RegExp(`${done.id} +3-4 +2 +command device gap acknowledge .* Its card died\\.`));
    const none = await strongroom("device", "gap", "acknowledge", device.id, "3-4", ...reason);
    expect(none).toMatchObject({ code: 1, err: expect.stringContaining("None of these numbers is missing") });
    expect(await gap("withdraw", done.id, "--reason", "The wrong van.")).toEqual({ id: done.id, withdrawn: true });
    expect(await strongroom("device", "gap", "acknowledge", device.id, "2")).toMatchObject({ code: 2 });
  });

  test("device quota sets a limit and lifts it", async () => {
    const { db } = world();
    const { id } = await factories.makeDevice(db);
    const set = await strongroom("device", "quota", id, "500GB", "--json");
    expect(JSON.parse(set.out)).toEqual({ id, quotaBytes: 500e9 });
    await expectCustodyEvent(db, { action: "device.quota_changed", deviceId: id, actorName: "command device quota" });
    expect(await strongroom("device", "quota", id, "none")).toMatchObject({
      code: 0,
      out: expect.stringContaining("has no quota"),
    });
    expect(await strongroom("device", "quota", id, "plenty")).toMatchObject({ code: 1 });
  });

  test("wrong usage is exit code 2 and says how to get help", async () => {
    for (const args of [["device", "add"], ["nonsense"], ["check", "--depth", "deep"]])
      expect(await strongroom(...args)).toMatchObject({ code: 2, err: expect.stringContaining("--help") });
    const help = await strongroom("device", "add", "--help");
    expect(help).toMatchObject({ code: 0, out: expect.stringContaining("shown this once") });
  });

  test("as a process of its own it ends by itself, with its exit code", async () => {
    const added = await operator.runAlone("device", "add", "--name", "Van 90", "--site", "Depot West", "--json");
    expect(added).toMatchObject({ code: 0, err: "" });
    expect(JSON.parse(added.out).token).toEqual(expect.any(String));
    const taken = await operator.runAlone("device", "add", "--name", "Van 90");
    expect(taken).toEqual({ code: 1, out: "", err: "name: There already is a device named Van 90.\n" });
    expect(await operator.runAlone("check")).toMatchObject({ code: 1, out: expect.stringContaining("problems") });
    const wrong = await operator.runAlone("device", "add");
    expect(wrong).toMatchObject({ code: 2, out: "", err: expect.stringContaining("--help") });
  });
});
