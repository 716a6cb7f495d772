import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  canonicalJson,
  clientAssertionType,
  decodeJws,
  ed25519JwkOf,
  enrolmentCodeSha256,
  enrolmentProofType,
  formatEnrolmentLink,
  jwkThumbprint,
  keyRotationType,
  newEnrolmentCode,
  parseEnrolmentLink,
  readClientAssertion,
  readEnrolmentCode,
  readEnrolmentProof,
  readHeartbeat,
  readKeyRotation,
  showEnrolmentCode,
  signClientAssertion,
  signEnrolmentProof,
  signJws,
  signKeyRotation,
  verifyJws,
} from "./index.ts";

const pair = () => {
  const { privateKey } = generateKeyPairSync("ed25519");
  const jwk = ed25519JwkOf(privateKey);
  return { privateKey, jwk, kid: jwkThumbprint(jwk) };
};
const asProtocolError = expect.objectContaining({ name: "ProtocolError" });
const sign = (payload: unknown, by: ReturnType<typeof pair>, header: object = {}) =>
  signJws(Buffer.from(canonicalJson(payload)), by.privateKey, { kid: by.kid, ...header });

describe("enrolment codes", () => {
  test("both forms come back as they were made, and the typed one however it is typed", () => {
    for (let round = 0; round < 200; round++) {
      const long = newEnrolmentCode("long");
      const typed = newEnrolmentCode("typed");
      expect(long).toMatch(/^sre_[\w-]{22}$/);
      expect(showEnrolmentCode(typed)).toMatch(/^[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}$/);
      expect(readEnrolmentCode(` ${long}\n`)).toBe(long);
      const shown = showEnrolmentCode(typed);
      for (const text of [typed, shown, shown.toLowerCase(), ` ${shown.replace("-", " ")} `])
        expect(readEnrolmentCode(text)).toBe(typed);
    }
  });

  test.each([
    ["a vowel", "BCDA-GHJK"],
    ["a letter too few", "BCDF-GHJ"],
    ["a letter too many", "BCDF-GHJKL"],
    ["a long one in capitals", "SRE_AAAAAAAAAAAAAAAAAAAAAA"],
    ["a long one cut off", "sre_AAAAAAAAAAAAAAAAAAAAA"],
    ["nothing", ""],
    ["much", "BCDF-GHJK".repeat(1000)],
  ])("%s is no code", (_, text) => {
    expect(readEnrolmentCode(text)).toBeNull();
  });

  test("a link brings server, code and pin, and nothing else is a link", () => {
    const link = {
      server: "https://archive.example:8443/strong room",
      code: newEnrolmentCode("long"),
      pin: pair().kid,
    };
    expect(parseEnrolmentLink(formatEnrolmentLink(link))).toEqual(link);
    const typed = { ...link, code: newEnrolmentCode("typed"), pin: null };
    expect(parseEnrolmentLink(formatEnrolmentLink(typed))).toEqual(typed);
    const text = formatEnrolmentLink(link);
    for (const wrong of [
      text.replace("strongroom:", "other:"),
      text.replace("https", "file"),
      text.replace("sre_", "srd_"),
      text.replace(/pin=.*/, "pin=short"),
      "",
    ])
      expect(parseEnrolmentLink(wrong)).toBeNull();
  });
});

describe("enrolment proofs", () => {
  const facts = { platform: "linux arm64", uploader: "0.1.0", hostname: "van-12" };
  const code = newEnrolmentCode("typed");

  test("a proof brings its key, and says what the machine wishes", () => {
    const { privateKey, jwk, kid } = pair();
    const jws = signEnrolmentProof({ nonce: "n", code, name: "Van 12", facts }, privateKey);
    expect(readEnrolmentProof(jws)).toEqual({
      nonce: "n",
      codeSha256: enrolmentCodeSha256(code),
      key: jwk,
      kid,
      name: "Van 12",
      facts,
    });
  });

  test("a proof for somebody else's key, of another type, with other members or a private key is none", () => {
    const mine = pair();
    const other = pair();
    const payload = { version: 1, nonce: "n", codeSha256: enrolmentCodeSha256(code), key: mine.jwk, facts };
    const typ = enrolmentProofType;
    expect(readEnrolmentProof(sign(payload, mine, { typ })).kid).toBe(mine.kid);
    const wrong = [
      sign({ ...payload, key: other.jwk }, mine, { typ }),
      sign({ ...payload, key: other.jwk }, mine, { typ, kid: other.kid }),
      sign(payload, mine, { typ, kid: other.kid }),
      sign(payload, mine, { typ: clientAssertionType }),
      sign({ ...payload, version: 2 }, mine, { typ }),
      sign({ ...payload, codeSha256: "0" }, mine, { typ }),
      sign({ ...payload, name: "a\u202eb" }, mine, { typ }),
      sign({ ...payload, facts: {} }, mine, { typ }),
      sign({ ...payload, key: { kty: "oct", k: "AA" } }, mine, { typ }),
      "",
      "a.b.c",
    ];
    for (const jws of wrong) expect(() => readEnrolmentProof(jws)).toThrow(asProtocolError);
  });
});

describe("assertions and rotations", () => {
  test("an assertion says who buys a token where", () => {
    const { privateKey, jwk, kid } = pair();
    const jws = signClientAssertion({ device: "D-1", audience: "https://a.example", nonce: "n" }, privateKey);
    expect(readClientAssertion(jws)).toMatchObject({ device: "D-1", audience: "https://a.example", nonce: "n", kid });
    verifyJws(jws, jwk, clientAssertionType);
    expect(readClientAssertion(jws).jti).not.toBe(
      readClientAssertion(signClientAssertion({ device: "D-1", audience: "x", nonce: "n" }, privateKey)).jti,
    );
  });

  test("the start that an assertion names is the one that a heartbeat names, or the assertion is none", () => {
    const { privateKey } = pair();
    const about = { device: "D-1", audience: "https://a.example", nonce: "n" };
    const uploader = { version: "1", runtime: "node", platform: "linux" };
    for (const [bootId, isGood] of [
      ["b".repeat(100), true],
      ["b".repeat(101), false],
      ["two  spaces", false],
      ["b ", false],
    ] as const) {
      const instance = { bootId, process: "p" };
      const jws = signClientAssertion({ ...about, instance }, privateKey);
      if (!isGood) expect(() => readClientAssertion(jws)).toThrow(asProtocolError);
      else
        expect(readClientAssertion(jws).instance).toEqual(readHeartbeat({ version: 1, instance, uploader }).instance);
    }
  });

  test("an assertion whose issuer is not its subject, or that names no key, is none", () => {
    const { privateKey, kid } = pair();
    const claims = { iss: "D-1", sub: "D-1", aud: "a", jti: "j", nonce: "n" };
    const signed = (payload: object, header: object) =>
      signJws(Buffer.from(JSON.stringify(payload)), privateKey, { typ: clientAssertionType, ...header });
    expect(readClientAssertion(signed(claims, { kid })).device).toBe("D-1");
    for (const jws of [
      signed({ ...claims, sub: "D-2" }, { kid }),
      signed({ ...claims, aud: ["a"] }, { kid }),
      signed(claims, {}),
    ])
      expect(() => readClientAssertion(jws)).toThrow(asProtocolError);
  });

  test("a rotation is signed by both keys, for this device and nonce", () => {
    const [old, next, other] = [pair(), pair(), pair()];
    const rotation = { device: "D-1", nonce: "n", fromSequence: 17 };
    const keys = { old: old.privateKey, new: next.privateKey };
    const jws = signKeyRotation(rotation, keys);
    expect(readKeyRotation(jws)).toEqual({ ...rotation, oldKid: old.kid, key: next.jwk, kid: next.kid });
    verifyJws(jws, old.jwk, keyRotationType);

    const { proof } = JSON.parse(decodeJws(jws).payload.toString());
    const payload = { version: 1, ...rotation, proof };
    const typ = keyRotationType;
    const proofOf = (by: ReturnType<typeof pair>, members: object = {}) =>
      sign({ version: 1, device: "D-1", nonce: "n", key: next.jwk, ...members }, by, { typ: "strongroom-key-proof" });
    const wrong = [
      sign({ ...payload, nonce: "m" }, old, { typ }),
      sign({ ...payload, device: "D-2" }, old, { typ }),
      sign({ ...payload, fromSequence: 0 }, old, { typ }),
      sign({ ...payload, proof: proofOf(other) }, old, { typ }),
      sign({ ...payload, proof: proofOf(next, { nonce: "m" }) }, old, { typ }),
      sign({ ...payload, proof: jws }, old, { typ }),
      signKeyRotation(rotation, { old: old.privateKey, new: old.privateKey }),
    ];
    for (const text of wrong) expect(() => readKeyRotation(text)).toThrow(asProtocolError);
  });
});
