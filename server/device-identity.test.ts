import { createHmac, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  addDeviceKey,
  makeEnrolmentCode,
  refuseDevice,
  resumeDevice,
  revokeDevice,
  revokeDeviceKey,
  suspendDevice,
} from "../lib/devices/index.ts";
import { ensureSigningKeys } from "../lib/keys/index.ts";
import {
  clientAssertionType,
  ed25519Bytes,
  ed25519JwkOf,
  enrolmentProofType,
  jwkThumbprint,
  parseKeySet,
  signClientAssertion,
  signJws,
  signManifest,
  toBase64Url,
} from "../lib/protocol/index.ts";
import { expectCustodyEvent, useTestDatabase } from "../lib/testing/index.ts";
import { openVault } from "../lib/vault.ts";
import { identityClient, makeEnrolledDevice, newKey } from "./testing/enrolling-device.ts";
import { makeSigningDevice } from "./testing/signing-device.ts";
import { startTestArchive, type TestArchive } from "./testing/test-archive.ts";
import { tusDevice } from "./testing/tus-client.ts";

describe("a device's identity over HTTP", () => {
  const world = useTestDatabase();
  let archive: TestArchive;
  beforeAll(async () => {
    await ensureSigningKeys(world().context(), "archive.example/api/log");
    archive = await startTestArchive(world(), { timing: { renewMs: 20 } });
  });
  afterAll(() => archive.stop(0));

  const url = () => archive.url;
  const client = identityClient(url);
  const enrolled = () => makeEnrolledDevice(world(), url);
  type Device = Awaited<ReturnType<typeof enrolled>>;
  const system = () => world().context();
  const uploads = (token: string) => tusDevice(url, token);
  /** What creating an upload with this token answers. */
  const statusOf = async (token: string) => (await uploads(token).create(10)).status;

  test("a nonce costs nothing and is never the same", async () => {
    const [one, two] = [await client.tell("nonce", {}), await client.tell("nonce", {})];
    expect(one).toMatchObject({ status: 200, json: { expiresInSeconds: 300 } });
    expect(one.json.serverTime).toBe(world().clock.now().toISOString());
    expect(one.json.nonce).not.toBe(two.json.nonce);
    expect(await world().db.spentNonce.count()).toBe(0);
  });

  test("a machine enrols, learns the archive's keys, and the answer that was lost comes again", async () => {
    const { code } = await makeEnrolmentCode(system(), {}, url());
    const key = newKey();
    const first = await client.postJson("enrol", await client.enrolment(code, key));
    expect(first).toMatchObject({ status: 201, json: { state: "active", site: null } });
    expect(first.json.keyThumbprint).toBe(jwkThumbprint(ed25519JwkOf(key)));
    const keys = parseKeySet(first.json.keys);
    expect(keys.map(({ purpose }) => purpose).sort()).toEqual(["log", "receipt"]);
    const again = await client.postJson("enrol", await client.enrolment(code, key));
    expect(again).toEqual({ status: 200, json: first.json });
    const other = await client.postJson("enrol", await client.enrolment(code, newKey()));
    expect([other.status, other.json.code]).toEqual([403, "enrolment_code_invalid"]);
  });

  test("the very same enrolment again is told to sign a fresh nonce, which then gives the same device", async () => {
    const { code } = await makeEnrolmentCode(system(), {}, url());
    const key = newKey();
    const body = await client.enrolment(code, key);
    const first = await client.postJson("enrol", body);
    expect(await client.postJson("enrol", body)).toMatchObject({ status: 400, json: { code: "nonce_invalid" } });
    const again = await client.postJson("enrol", await client.enrolment(code, key));
    expect(again.json.device).toBe(first.json.device);
  });

  test("a bought token opens what a plain one does, until it runs out by the archive's clock", async () => {
    const device = await enrolled();
    expect(await statusOf(device.token)).toBe(201);
    const tus = uploads(device.token);
    const location = String((await tus.create(10)).headers.location);
    expect((await tus.patch(location, 0, randomBytes(4))).status).toBe(204);
    expect((await tus.head(location)).headers["upload-offset"]).toBe("4");
    world().clock.advance(599_000);
    expect(await statusOf(device.token)).toBe(201);
    expect((await tus.head(location)).status).toBe(200);
    world().clock.advance(1_000);
    expect(await statusOf(device.token)).toBe(401);
    expect((await tus.head(location)).status).toBe(401);
    expect((await tus.patch(location, 4, randomBytes(6))).status).toBe(401);
    const next = await client.buy(device);
    expect(next).toMatchObject({ status: 200, json: { token_type: "Bearer", expires_in: 600 } });
    const rest = await uploads(String(next.json.access_token)).patch(location, 4, randomBytes(6));
    expect(rest.status).toBe(204);
    await expectCustodyEvent(world().db, { action: "upload.started", actorId: device.id });
  });

  test("the nonce that comes with a token buys the next, once", async () => {
    const device = await enrolled();
    const { id, audience, key } = device;
    const { nonce } = (await client.buy(device)).json;
    const assertion = signClientAssertion({ device: id, audience, nonce: String(nonce) }, key);
    expect((await client.assert(assertion)).status).toBe(200);
    const replayed = await client.assert(assertion);
    expect([replayed.status, replayed.json.code]).toEqual([400, "nonce_invalid"]);
    const fresh = signClientAssertion({ device: id, audience, nonce: String(replayed.json.nonce) }, key);
    expect((await client.assert(fresh)).status).toBe(200);
  });

  test("of many that show one assertion at once, one is sold a token", async () => {
    const { id, audience, key } = await enrolled();
    const assertion = signClientAssertion({ device: id, audience, nonce: await client.nonce() }, key);
    const answers = await Promise.all(Array.from({ length: 8 }, () => client.assert(assertion)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400, 400, 400, 400]);
  });

  /** Signs claims with any header and any means. */
  const forge = (header: object, claims: object, sign: (input: string) => Buffer) => {
    const input = [header, claims].map((part) => toBase64Url(Buffer.from(JSON.stringify(part)))).join(".");
    return `${input}.${toBase64Url(sign(input))}`;
  };

  const forgeries: [string, (device: Device, claims: object) => Promise<string> | string][] = [
    ["alg none", ({ kid }, claims) => forge({ alg: "none", kid }, claims, () => Buffer.alloc(0))],
    [
      "alg none with a signature's length",
      ({ kid }, claims) => forge({ alg: "none", kid }, claims, () => Buffer.alloc(64)),
    ],
    [
      "HS256 with the public key as secret",
      ({ kid, key }, claims) =>
        forge({ alg: "HS256", kid, typ: clientAssertionType }, claims, (input) =>
          createHmac("sha256", ed25519Bytes(ed25519JwkOf(key)))
            .update(input)
            .digest(),
        ),
    ],
    [
      "a key in the header",
      ({ kid }, claims) => {
        const own = newKey();
        const bytes = Buffer.from(JSON.stringify(claims));
        const jws = signJws(bytes, own, { kid, typ: clientAssertionType });
        const header = { alg: "EdDSA", kid, typ: clientAssertionType, jwk: ed25519JwkOf(own) };
        return [toBase64Url(Buffer.from(JSON.stringify(header))), ...jws.split(".").slice(1)].join(".");
      },
    ],
    [
      "another key under the device's thumbprint",
      ({ kid }, claims) => signJws(Buffer.from(JSON.stringify(claims)), newKey(), { kid, typ: clientAssertionType }),
    ],
    [
      "an unknown key",
      (_, claims) => {
        const own = newKey();
        const kid = jwkThumbprint(ed25519JwkOf(own));
        return signJws(Buffer.from(JSON.stringify(claims)), own, { kid, typ: clientAssertionType });
      },
    ],
    [
      "no key named",
      ({ key }, claims) => signJws(Buffer.from(JSON.stringify(claims)), key, { typ: clientAssertionType }),
    ],
    [
      "another type",
      ({ key, kid }, claims) => signJws(Buffer.from(JSON.stringify(claims)), key, { kid, typ: enrolmentProofType }),
    ],
    [
      "another archive's audience",
      ({ key, kid }, claims) =>
        signJws(Buffer.from(JSON.stringify({ ...claims, aud: "urn:strongroom:archive:other" })), key, {
          kid,
          typ: clientAssertionType,
        }),
    ],
    [
      "another device's name",
      async ({ key, kid }, claims) => {
        const { id } = await enrolled();
        return signJws(Buffer.from(JSON.stringify({ ...claims, iss: id, sub: id })), key, {
          kid,
          typ: clientAssertionType,
        });
      },
    ],
    [
      "another device's key",
      async (_, claims) => {
        const other = await enrolled();
        return signJws(Buffer.from(JSON.stringify(claims)), other.key, { kid: other.kid, typ: clientAssertionType });
      },
    ],
    [
      "a NUL in the device's name",
      ({ key, kid }, claims) =>
        signJws(Buffer.from(JSON.stringify({ ...claims, iss: "D-\u0000", sub: "D-\u0000" })), key, {
          kid,
          typ: clientAssertionType,
        }),
    ],
    [
      "a NUL in the key's name",
      ({ key }, claims) =>
        signJws(Buffer.from(JSON.stringify(claims)), key, { kid: "\u0000".repeat(43), typ: clientAssertionType }),
    ],
    ["nothing", () => ""],
  ];

  test.each(forgeries)("an assertion with %s buys nothing, and uses no nonce up", async (_, make) => {
    const device = await enrolled();
    const nonce = await client.nonce();
    const claims = { iss: device.id, sub: device.id, aud: device.audience, jti: "j", nonce };
    const answer = await client.assert(await make(device, claims));
    expect([answer.status, answer.json.code]).toEqual([401, "assertion_invalid"]);
    expect(answer.json).not.toHaveProperty("nonce");
    const honest = signClientAssertion({ device: device.id, audience: device.audience, nonce }, device.key);
    expect((await client.assert(honest)).status).toBe(200);
  });

  test("two machines that buy with one key in turns are an alarm", async () => {
    const { id, audience, key } = await enrolled();
    const buy = async (process: string) => {
      world().clock.advance(60_000);
      const said = { device: id, audience, nonce: await client.nonce(), instance: { bootId: "boot", process } };
      expect((await client.assert(signClientAssertion(said, key))).status).toBe(200);
    };
    for (const process of ["A", "B", "B"]) await buy(process);
    const suspected = async () => (await world().db.device.findUniqueOrThrow({ where: { id } })).cloneSuspectedAt;
    expect(await suspected()).toBeNull();
    await buy("A");
    expect(await suspected()).not.toBeNull();
    await expectCustodyEvent(world().db, { action: "device.clone_suspected", deviceId: id });
  });

  test("a form that is none is refused by its field", async () => {
    const wrong = [
      await client.assert("x", { grant_type: "password" }),
      await client.assert("x", { client_assertion_type: "urn:x" }),
    ];
    expect(wrong.map(({ status, json }) => [status, json.field])).toEqual([
      [400, "grant_type"],
      [400, "client_assertion_type"],
    ]);
    expect((await client.postJson("token", {})).status).toBe(415);
    expect((await client.tell("enrol", { body: "code=x" })).status).toBe(415);
  });

  test("a token that was changed, made by others or of another secret opens nothing", async () => {
    const { token, id, kid, audience } = await enrolled();
    const [head = "", body = "", tail = ""] = token.split(".");
    const claims = JSON.parse(Buffer.from(body, "base64url").toString());
    expect(claims).toMatchObject({ sub: id, aud: audience, cnf: { jkt: kid }, exp: claims.iat + 600 });
    const later = toBase64Url(Buffer.from(JSON.stringify({ ...claims, exp: claims.exp + 9999 })));
    const none = toBase64Url(Buffer.from('{"alg":"none","typ":"at+jwt"}'));
    const other = openVault("a guessed secret").mac("device access token v1", `${head}.${body}`);
    const wrong = [
      `${head}.${later}.${tail}`,
      `${head}.${body}.`,
      `${head}.${body}`,
      `${none}.${body}.`,
      `${none}.${body}.${tail}`,
      `${head}.${body}.${toBase64Url(other)}`,
      `${token}.${tail}`,
      `${token}${"A".repeat(2000)}`,
    ];
    for (const forged of wrong) expect(await statusOf(forged), forged.slice(0, 90)).toBe(401);
    expect(await statusOf(token)).toBe(201);
  });

  test("a suspended or revoked device is refused at once, however fresh its token and well known", async () => {
    const device = await enrolled();
    const tus = uploads(device.token);
    const location = String((await tus.create(10)).headers.location);
    expect((await tus.head(location)).status).toBe(200);
    // One that this process has never seen, so that nothing but the look-up can refuse it.
    const unseen = String((await client.buy(device)).json.access_token);
    const config = async (token: string) =>
      (await fetch(`${url()}/api/devices/config`, { headers: { Authorization: `Bearer ${token}` } })).status;
    await suspendDevice(system(), device.id);
    for (const token of [unseen, device.token])
      expect([await config(token), await statusOf(token), (await uploads(token).head(location)).status]).toEqual([
        401, 401, 401,
      ]);
    expect([(await tus.head(location)).status, (await tus.patch(location, 0, randomBytes(1))).status]).toEqual([
      401, 401,
    ]);
    expect((await client.buy(device)).json.code).toBe("device_suspended");
    await resumeDevice(system(), device.id);
    expect((await tus.head(location)).status).toBe(200);
    await revokeDevice(system(), device.id);
    expect((await tus.head(location)).status).toBe(401);
    const refused = await client.buy(device);
    expect([refused.status, refused.json.code]).toEqual([403, "device_revoked"]);
    expect((await client.postJson("enrol", await client.enrolment(device.code, device.key))).json.code).toBe(
      "device_revoked",
    );
  });

  test("the tokens of a revoked key end with it, and it buys no more", async () => {
    const device = await enrolled();
    const tus = uploads(device.token);
    const location = String((await tus.create(10)).headers.location);
    expect((await tus.head(location)).status).toBe(200);
    await revokeDeviceKey(system(), device.kid);
    expect((await tus.head(location)).status).toBe(401);
    expect(await statusOf(device.token)).toBe(401);
    expect((await client.buy(device)).json.code).toBe("assertion_invalid");
  });

  test.each<[string, (device: Device) => Promise<void>]>([
    ["key is revoked", (device) => revokeDeviceKey(system(), device.kid)],
    ["device is revoked", (device) => revokeDevice(system(), device.id)],
  ])("a body that is arriving when its %s ends at a durable offset", async (_, revoke) => {
    const device = await enrolled();
    const tus = uploads(device.token);
    const location = String((await tus.create(10_000_000)).headers.location);
    const id = location.split("/").at(-1) ?? "";
    const body = new ReadableStream({
      async pull(controller) {
        controller.enqueue(new Uint8Array(1000));
        const { fence } = await world().db.upload.findUniqueOrThrow({ where: { id } });
        if (fence > 0 && !isRevoked) {
          isRevoked = true;
          await revoke(device);
        }
      },
    });
    let isRevoked = false;
    const answer = await fetch(location, {
      method: "PATCH",
      headers: {
        Authorization: `Bearer ${device.token}`,
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
      },
      body,
      duplex: "half",
    } as RequestInit);
    expect(answer.status).toBe(401);
    const row = await world().db.upload.findUniqueOrThrow({ where: { id } });
    expect(row).toMatchObject({ state: "open", leaseUntil: null });
    expect(Number(row.offsetBytes)).toBeGreaterThan(0);
  });

  test("a pending device may enrol again and nothing else", async () => {
    const { code } = await makeEnrolmentCode(system(), { needsApproval: true }, url());
    const key = newKey();
    const { json } = await client.postJson("enrol", await client.enrolment(code, key));
    const device = { id: String(json.device), audience: String(json.audience), key };
    const refused = await client.buy(device);
    expect([refused.status, refused.json.code]).toEqual([403, "device_pending"]);
    expect((await client.postJson("enrol", await client.enrolment(code, key))).json.state).toBe("pending");
    await refuseDevice(system(), device.id);
    expect((await client.buy(device)).json.code).toBe("device_revoked");
  });

  test("a key that somebody registered by hand signs manifests and buys nothing", async () => {
    const device = await enrolled();
    const key = newKey();
    await addDeviceKey(system(), { deviceId: device.id, key: JSON.stringify(ed25519JwkOf(key)) });
    expect((await client.buy({ ...device, key })).json.code).toBe("assertion_invalid");
  });

  describe("a change of keys", () => {
    const rotate = async (device: Device, next: ReturnType<typeof newKey>, from: number) =>
      client.postJson("key", await client.rotation(device, next, from), { Authorization: `Bearer ${device.token}` });
    /** The manifest of a device's number, signed with a key. */
    async function announce(device: Device, key: Device["key"], sequence: number) {
      const signer = await makeSigningDevice(world(), url);
      const manifest = signer.describe(randomBytes(8), {
        device: device.id,
        sequence,
        previous: sequence === 1 ? null : "0".repeat(64),
      });
      const response = await fetch(`${url()}/api/recordings`, {
        method: "POST",
        headers: { Authorization: `Bearer ${device.token}`, "Content-Type": "application/jose" },
        body: signManifest(manifest, key),
      });
      return { status: response.status, code: ((await response.json()) as { code?: string }).code };
    }

    test("holds from a number on: late manifests of the old key still count, and each key's numbers are its own", async () => {
      const device = await enrolled();
      const next = newKey();
      expect((await announce(device, device.key, 1)).status).toBe(201);
      const kid = jwkThumbprint(ed25519JwkOf(next));
      expect(await rotate(device, next, 5)).toEqual({ status: 200, json: { keyThumbprint: kid, fromSequence: 5 } });
      await expectCustodyEvent(world().db, {
        action: "device.key_rotated",
        deviceId: device.id,
        details: { kid, oldKid: device.kid, fromSequence: 5 },
      });
      const refused = { status: 403, code: "manifest_key_unknown" };
      expect(await announce(device, device.key, 5)).toEqual(refused);
      expect(await announce(device, next, 4)).toEqual(refused);
      expect((await announce(device, next, 5)).status).toBe(201);
      expect((await announce(device, device.key, 4)).status).toBe(201);
      await expectCustodyEvent(world().db, { action: "manifest.refused", outcome: "refused", deviceId: device.id });
      expect(await world().db.deviceKey.count({ where: { deviceId: device.id } })).toBe(2);
    });

    test("the same again is the same, and the old key buys until the new one has", async () => {
      const device = await enrolled();
      const next = newKey();
      const first = await rotate(device, next, 1);
      expect(await rotate(device, next, 1)).toEqual(first);
      expect((await client.buy(device)).status).toBe(200);
      expect((await client.buy({ ...device, key: next })).status).toBe(200);
      expect(await suspected(device)).toBeNull();
      expect((await client.buy(device)).json).toMatchObject({ code: "assertion_invalid", field: "kid" });
      expect(await rotate(device, next, 1)).toEqual(first);
      // A token of the old key is good until it runs out.
      expect(await statusOf(device.token)).toBe(201);
    });

    const suspected = async ({ id }: Device) =>
      (await world().db.device.findUniqueOrThrow({ where: { id } })).cloneSuspectedAt;

    test("by a thief locks the machine out, which is an alarm as soon as it asks, once", async () => {
      const { db } = world();
      const device = await enrolled();
      const thief = { ...device, key: newKey() };
      expect((await rotate(device, thief.key, 1)).status).toBe(200);
      expect((await rotate(device, newKey(), 1)).json.code).toBe("state_conflict");
      const details = { oldKid: device.kid, kid: jwkThumbprint(ed25519JwkOf(thief.key)) };
      await expectCustodyEvent(db, { action: "device.clone_suspected", deviceId: device.id, details });
      const since = await suspected(device);
      expect(since).not.toBeNull();
      const other = await enrolled();
      await rotate(other, newKey(), 1).then(() => expect(suspected(other)).resolves.toBeNull());
      const next = newKey();
      const second = await enrolled();
      await rotate(second, next, 1);
      await client.buy({ ...second, key: next });
      const replayed = signClientAssertion(
        { device: second.id, audience: second.audience, nonce: "stale" },
        second.key,
      );
      expect((await client.assert(replayed)).json.code).toBe("nonce_invalid");
      expect(await suspected(second)).toBeNull();
      for (let times = 0; times < 2; times++) expect((await client.buy(second)).json.code).toBe("assertion_invalid");
      expect(await suspected(second)).not.toBeNull();
      const where = { deviceId: second.id, action: "device.clone_suspected" };
      expect(await db.custodyEvent.count({ where })).toBe(1);
      // Whoever uses it goes on, as what both bring is evidence.
      expect((await client.buy({ ...second, key: next })).status).toBe(200);
    });

    test("is refused to another key, another number, a used nonce, a known key and a stranger", async () => {
      const device = await enrolled();
      const other = await enrolled();
      const codeOf = async (answer: Promise<{ json: { code?: string } }>) => (await answer).json.code;
      await announce(device, device.key, 1);
      expect(await codeOf(rotate(device, newKey(), 1))).toBe("state_conflict");
      expect(await codeOf(rotate({ ...device, key: newKey() }, newKey(), 2))).toBe("assertion_invalid");
      await expectCustodyEvent(world().db, {
        action: "device.key_rotated",
        outcome: "refused",
        deviceId: device.id,
        actorId: device.id,
      });
      expect(await codeOf(rotate(device, other.key, 2))).toBe("conflict");
      expect(await codeOf(rotate({ ...other, token: device.token }, newKey(), 2))).toBe("assertion_invalid");
      const body = await client.rotation(device, newKey(), 2);
      const send = (token: string) => client.postJson("key", body, { Authorization: `Bearer ${token}` });
      expect(await codeOf(send("srd_none"))).toBe("token_invalid");
      expect(await codeOf(send(device.token))).toBeUndefined();
      expect(await codeOf(rotate(device, newKey(), 2))).toBe("state_conflict");
      expect(await world().db.deviceKey.count({ where: { deviceId: device.id } })).toBe(2);
    });
  });
});
