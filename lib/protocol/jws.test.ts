import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import {
  decodeJws,
  ed25519Bytes,
  ed25519JwkOf,
  fromBase64Url,
  jwkThumbprint,
  parseEd25519Jwk,
  signJws,
  toBase64Url,
  verifyJws,
} from "./index.ts";

// RFC 8037, appendix A.
const x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const jwk = parseEd25519Jwk({ kty: "OKP", crv: "Ed25519", x });
const privateKey = createPrivateKey({
  key: { kty: "OKP", crv: "Ed25519", d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", x },
  format: "jwk",
});
const signed =
  "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc." +
  "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

test("RFC 8037, A.1 to A.3: the public key and its thumbprint", () => {
  expect(ed25519JwkOf(privateKey)).toEqual(jwk);
  expect(ed25519JwkOf(createPublicKey(privateKey))).toEqual(jwk);
  expect(ed25519Bytes(jwk).toString("hex")).toBe("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  expect(jwkThumbprint(jwk)).toBe("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
});

test("RFC 8037, A.4: the signature", () => {
  expect(signJws(Buffer.from("Example of Ed25519 signing"), privateKey)).toBe(signed);
});

test("RFC 8037, A.5: its validation, with the JWK and with the key", () => {
  expect(verifyJws(signed, jwk).payload.toString()).toBe("Example of Ed25519 signing");
  expect(verifyJws(signed, createPublicKey(privateKey)).header).toEqual({ alg: "EdDSA" });
});

test("any changed character, another key and another type are refused", () => {
  const token = signJws(Buffer.from("{}"), privateKey, { kid: "k", typ: "a+jws" });
  expect(verifyJws(token, jwk, "a+jws").header).toEqual({ alg: "EdDSA", kid: "k", typ: "a+jws" });
  expect(() => verifyJws(token, jwk, "b+jws")).toThrow("type");
  expect(() => verifyJws(token, ed25519JwkOf(generateKeyPairSync("ed25519").publicKey))).toThrow("signature is wrong");
  for (let at = 0; at < token.length; at++) {
    const other = token[at] === "A" ? "B" : "A";
    const changed = token.slice(0, at) + other + token.slice(at + 1);
    expect(() => verifyJws(changed, jwk, "a+jws")).toThrow(expect.objectContaining({ name: "ProtocolError" }));
  }
});

test("no other algorithm, key or way of reading comes in through the header", () => {
  const signWithHeader = (header: unknown) => {
    const input = `${toBase64Url(Buffer.from(JSON.stringify(header)))}.e30`;
    return `${input}.${createHmac("sha512", ed25519Bytes(jwk)).update(input).digest("base64url")}`;
  };
  for (const header of [
    { alg: "none" },
    { alg: "HS512" },
    { alg: "ES256" },
    { alg: "EdDSA", jwk },
    { alg: "EdDSA", crit: ["b64"], b64: false },
    { alg: "EdDSA", jku: "https://example.org" },
    { kid: "k" },
    [],
    null,
  ]) {
    expect(() => decodeJws(signWithHeader(header))).toThrow("header");
  }
  expect(() => decodeJws("eyJhbGciOiJub25lIn0.e30.")).toThrow("64 bytes");
  for (const token of ["", "a.b", `${signed}.x`, `${signed}=`, signed.replace(".", ". "), `${signed.slice(0, -1)}h`]) {
    expect(() => verifyJws(token, jwk)).toThrow(expect.objectContaining({ name: "ProtocolError" }));
  }
});

test("only Ed25519 keys sign, check and are read", () => {
  const ed448 = generateKeyPairSync("ed448");
  expect(() => signJws(Buffer.of(), ed448.privateKey)).toThrow("Ed25519");
  expect(() => verifyJws(signed, ed448.publicKey)).toThrow("Ed25519");
  expect(() => ed25519JwkOf(ed448.publicKey)).toThrow("Ed25519");
  for (const value of [
    { ...jwk, crv: "X25519" },
    { ...jwk, kty: "EC" },
    { ...jwk, x: `${x}A` },
    { ...jwk, x: "AA" },
    null,
  ]) {
    expect(() => parseEd25519Jwk(value)).toThrow("Ed25519");
  }
  expect(parseEd25519Jwk({ ...jwk, d: "secret", kid: "k" })).toEqual(jwk);
});

test("RFC 7515, appendix C, and one spelling only", () => {
  expect(toBase64Url(Buffer.of(3, 236, 255, 224, 193))).toBe("A-z_4ME");
  expect(fromBase64Url("A-z_4ME")).toEqual(Buffer.of(3, 236, 255, 224, 193));
  for (const text of ["A-z_4MF", "A-z_4ME=", "A+z/4ME", "A-z_4M E", "A"]) expect(fromBase64Url(text)).toBeNull();
});
