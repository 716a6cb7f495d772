import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ensureSigningKeys } from "../keys/index.ts";
import { ed25519Bytes, ed25519JwkOf, jwkThumbprint, signClientAssertion } from "../protocol/index.ts";
import { expectCustodyEvent, factories, useTestDatabase } from "../testing/index.ts";
import {
  addDevice,
  addDeviceKey,
  archiveAudience,
  getDevice,
  issueAccessToken,
  newNonce,
  revokeDevice,
  revokeDeviceKey,
} from "./index.ts";

/** A new key pair in every form in which a tool might write it. */
function makePair() {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const jwk = ed25519JwkOf(publicKey);
  const raw = ed25519Bytes(jwk);
  const ssh = Buffer.concat([Buffer.from("0000000b7373682d6564323535313900000020", "hex"), raw]);
  const der = publicKey.export({ format: "der", type: "spki" });
  return { publicKey, privateKey, jwk, raw, der, ssh, kid: jwkThumbprint(jwk) };
}

describe("public keys of devices", () => {
  const world = useTestDatabase();
  const admin = async () => world().context(await factories.makeAdmin(world().db));

  test.each<[string, (pair: ReturnType<typeof makePair>) => string]>([
    ["PEM", (pair) => String(pair.publicKey.export({ format: "pem", type: "spki" }))],
    ["JWK", (pair) => JSON.stringify(pair.jwk)],
    ["JWK with more members", (pair) => JSON.stringify({ ...pair.jwk, kid: "x", use: "sig", alg: "EdDSA" })],
    ["Base64", (pair) => ` ${pair.raw.toString("base64")}\n`],
    ["base64url", (pair) => pair.raw.toString("base64url")],
    ["hexadecimal digits", (pair) => pair.raw.toString("hex")],
    ["DER in Base64", (pair) => pair.der.toString("base64")],
    ["an OpenSSH line", (pair) => `ssh-ed25519 ${pair.ssh.toString("base64")} van12@depot`],
  ])("a key is registered from %s, and custody names it", async (_, write) => {
    const { db } = world();
    const ctx = await admin();
    const device = await factories.makeDevice(db);
    const pair = makePair();
    expect(await addDeviceKey(ctx, { deviceId: device.id, key: write(pair) })).toEqual({ kid: pair.kid });
    const row = await db.deviceKey.findUniqueOrThrow({ where: { kid: pair.kid } });
    expect(Buffer.from(row.publicKey)).toEqual(pair.raw);
    await expectCustodyEvent(db, { action: "device.key_added", deviceId: device.id, details: { kid: pair.kid } });
    expect((await getDevice(ctx, device.id)).keys).toMatchObject([{ kid: pair.kid, revokedAt: null }]);
  });

  test("a private key is refused in words that say so, and is nowhere afterwards", async () => {
    const { db } = world();
    const ctx = await admin();
    const device = await factories.makeDevice(db);
    const { privateKey } = makePair();
    const pkcs8 = privateKey.export({ format: "der", type: "pkcs8" });
    const jwk = privateKey.export({ format: "jwk" });
    const forms = [
      String(privateKey.export({ format: "pem", type: "pkcs8" })),
      String(privateKey.export({ format: "pem", type: "pkcs8", cipher: "aes-128-cbc", passphrase: "x" })),
      "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE=\n-----END OPENSSH PRIVATE KEY-----",
      JSON.stringify(jwk),
      pkcs8.toString("base64"),
      Buffer.concat([Buffer.from(String(jwk.d), "base64url"), Buffer.from(String(jwk.x), "base64url")]).toString(
        "base64",
      ),
    ];
    for (const key of forms) {
      const error = await addDeviceKey(ctx, { deviceId: device.id, key }).catch((thrown: unknown) => thrown);
      expect(error, key).toMatchObject({ code: "invalid_input", field: "key" });
      expect(String(error)).toContain("This is a private key");
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(String(jwk.d));
    }
    await expect(addDevice(ctx, { name: "Van 99", key: forms[0] ?? "" })).rejects.toMatchObject({ field: "key" });
    expect(await db.device.count({ where: { name: "Van 99" } })).toBe(0);
    expect(await db.deviceKey.count({ where: { deviceId: device.id } })).toBe(0);
    expect(JSON.stringify(await db.custodyEvent.findMany({ select: { details: true } }))).not.toContain(String(jwk.d));
  });

  test.each([
    ["nothing", ""],
    ["no text", 7],
    ["words", "not a key"],
    ["31 bytes", Buffer.alloc(31, 1).toString("base64")],
    ["another curve", JSON.stringify({ kty: "EC", crv: "P-256", x: "a", y: "b" })],
    [
      "an RSA key",
      String(generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({ format: "pem", type: "spki" })),
    ],
    ["broken PEM", "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----"],
    ["broken JSON", '{"kty":"OKP"'],
  ])("%s is no key", async (_, key) => {
    const device = await factories.makeDevice(world().db);
    await expect(addDeviceKey(await admin(), { deviceId: device.id, key })).rejects.toMatchObject({
      code: "invalid_input",
      field: "key",
    });
  });

  test("a key belongs to one device, and is revoked once", async () => {
    const { db, clock } = world();
    const ctx = await admin();
    const key = makePair();
    const pem = String(key.publicKey.export({ format: "pem", type: "spki" }));
    const { deviceId, kid } = await addDevice(ctx, { name: "Van 12", key: pem });
    expect(kid).toBe(key.kid);
    const other = await factories.makeDevice(db);
    await expect(addDeviceKey(ctx, { deviceId: other.id, key: pem })).rejects.toMatchObject({ code: "conflict" });
    await expect(addDeviceKey(ctx, { deviceId, key: pem })).rejects.toMatchObject({ code: "conflict" });
    await revokeDeviceKey(ctx, key.kid);
    await expectCustodyEvent(db, { action: "device.key_revoked", deviceId, details: { kid: key.kid } });
    expect((await getDevice(ctx, deviceId)).keys).toMatchObject([{ kid: key.kid, revokedAt: clock.now() }]);
    await expect(revokeDeviceKey(ctx, key.kid)).rejects.toMatchObject({ code: "state_conflict" });
    await expect(revokeDeviceKey(ctx, "none")).rejects.toMatchObject({ code: "not_found" });
    await expect(revokeDeviceKey(ctx, makePair().kid)).rejects.toMatchObject({ code: "not_found" });
  });

  test("of many administrators who revoke one key at once, one does and the others learn that it is revoked", async () => {
    const { db } = world();
    const device = await factories.makeDevice(db);
    const ctx = await admin();
    for (let round = 0; round < 4; round++) {
      const { kid } = await addDeviceKey(ctx, { deviceId: device.id, key: makePair().raw.toString("base64") });
      const all = await Promise.allSettled(Array.from({ length: 6 }, () => revokeDeviceKey(ctx, kid)));
      const lost = all.filter((one) => one.status === "rejected").map(({ reason }) => reason);
      expect(lost).toHaveLength(5);
      for (const error of lost) expect(error).toMatchObject({ code: "state_conflict" });
      const where = { action: "device.key_revoked", details: { path: ["kid"], equals: kid } };
      expect(await db.custodyEvent.count({ where })).toBe(1);
    }
  });

  test("a key that is revoked while it buys its first token buys none, in the words for any that is refused", async () => {
    const { db, clock } = world();
    const system = world().context();
    await ensureSigningKeys(system, "archive.example/api/log");
    const { id: deviceId } = await factories.makeDevice(db);
    const { kid, raw, privateKey } = makePair();
    await db.deviceKey.create({
      data: { kid, deviceId, publicKey: new Uint8Array(raw), createdAt: clock.now(), buysTokens: true },
    });
    const audience = await archiveAudience(db);
    const assertion = signClientAssertion({ device: deviceId, audience, nonce: newNonce(system) }, privateKey);
    const buying = await db.$transaction(async (tx) => {
      await tx.deviceKey.update({ where: { kid }, data: { revokedAt: clock.now() } });
      const bought = issueAccessToken(system, assertion).catch((error: unknown) => error);
      for (let waiting = 0; waiting === 0; ) {
        const [row] = await db.$queryRaw<{ waiting: number }[]>`
          SELECT count(*)::int AS waiting FROM pg_stat_activity
           WHERE datname = current_database() AND wait_event_type = 'Lock'`;
        waiting = row?.waiting ?? 0;
      }
      return { bought };
    });
    expect(await buying.bought).toMatchObject({ code: "assertion_invalid" });
  });

  test("a key that is revoked while a new start buys its first token waits for that, and neither fails", async () => {
    const { db, clock } = world();
    const system = world().context();
    await ensureSigningKeys(system, "archive.example/api/log");
    const ctx = await admin();
    const { id: deviceId } = await factories.makeDevice(db);
    const { kid, raw, privateKey } = makePair();
    await db.deviceKey.create({
      data: { kid, deviceId, publicKey: new Uint8Array(raw), createdAt: clock.now(), buysTokens: true },
    });
    const about = { device: deviceId, audience: await archiveAudience(db), nonce: newNonce(system) };
    const assertion = signClientAssertion({ ...about, instance: { bootId: "b", process: "p" } }, privateKey);
    const untilWaiting = async (tx: Pick<typeof db, "$queryRaw">, wanted: number) => {
      for (let waiting = 0; waiting < wanted; ) {
        const [row] = await tx.$queryRaw<{ waiting: number }[]>`
          SELECT count(*)::int AS waiting FROM pg_stat_activity
           WHERE datname = current_database() AND wait_event_type = 'Lock'`;
        waiting = row?.waiting ?? 0;
      }
    };
    const both = await db.$transaction(async (tx) => {
      await tx.$queryRaw`SELECT 1 FROM device WHERE id = ${deviceId} FOR UPDATE`;
      const revoked = revokeDeviceKey(ctx, kid).catch((error: unknown) => error);
      await untilWaiting(tx, 1);
      const bought = issueAccessToken(system, assertion).catch((error: unknown) => error);
      await untilWaiting(tx, 2);
      return { revoked, bought };
    });
    expect(await both.revoked).toBeUndefined();
    expect(await both.bought).toMatchObject({ code: "assertion_invalid" });
  });

  test("only administrators register and revoke keys, and only for a device that is not revoked", async () => {
    const { db } = world();
    const officer = world().context(await factories.makeOfficer(db));
    const device = await factories.makeDevice(db);
    const key = makePair().raw.toString("base64");
    await expect(addDeviceKey(officer, { deviceId: device.id, key })).rejects.toMatchObject({ code: "forbidden" });
    await expectCustodyEvent(db, { action: "access.refused", outcome: "refused" });
    const { kid } = await addDeviceKey(await admin(), { deviceId: device.id, key });
    await expect(revokeDeviceKey(officer, kid)).rejects.toMatchObject({ code: "forbidden" });
    expect((await getDevice(officer, device.id)).can.addKey).toBe("Only administrators change devices.");
    await revokeDevice(await admin(), device.id);
    const more = makePair().raw.toString("base64");
    await expect(addDeviceKey(await admin(), { deviceId: device.id, key: more })).rejects.toMatchObject({
      code: "state_conflict",
    });
  });
});
