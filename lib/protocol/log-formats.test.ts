import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import {
  custodyLeaf,
  ed25519JwkOf,
  entryBundle,
  formatKeySet,
  formatTlogProof,
  fromBase64Url,
  inclusionProof,
  jwkThumbprint,
  type LeafEvent,
  leafHash,
  leavesForTile,
  merkleRoot,
  nodesOf,
  openCheckpoint,
  openMember,
  openNote,
  opensMember,
  parseCustodyLeaf,
  parseEd25519Jwk,
  parseKeySet,
  parseTilePath,
  signCheckpoint,
  signNote,
  tilePath,
  toBase64Url,
  verifierKey,
  verifyTlogProof,
} from "./index.ts";

const refused = expect.objectContaining({ name: "ProtocolError" });
const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const jwk = ed25519JwkOf(publicKey);

// The example of the Go package that notes come from.
const vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const peter = {
  name: "PeterNeumann",
  jwk: parseEd25519Jwk({
    kty: "OKP",
    crv: "Ed25519",
    x: toBase64Url(Buffer.from(vkey.split("+").slice(2).join("+"), "base64").subarray(1)),
  }),
};
const text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const signature =
  "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

test("the published note opens with the published key, whose name it is", () => {
  expect(verifierKey(peter)).toBe(vkey);
  expect(openNote(`${text}\n${signature}`, [peter])).toEqual({ text, signedBy: peter });
});

test("signatures by unknown keys are passed over, a wrong one by a known key refuses the note", () => {
  const own = signNote(text, "example.org/log", privateKey);
  const key = { name: "example.org/log", jwk };
  expect(openNote(own + signature, [key]).signedBy).toEqual(key);
  expect(openNote(own + signature, [peter]).signedBy).toEqual(peter);
  expect(() => openNote(own, [peter])).toThrow("by a key that we know");
  expect(() => openNote(own, [{ ...key, name: "example.org/other" }])).toThrow("by a key that we know");
  expect(() => openNote(`x${own}${signature}`, [key, peter])).toThrow("is wrong");
  for (const note of [
    "",
    text,
    own.slice(0, -1),
    own.replace("\u2014", "-"),
    own.replace("\n\n", "\n"),
    `\u0007${own}`,
  ]) {
    expect(() => openNote(note, [key])).toThrow(refused);
  }
  for (const name of ["", "a b", "a+b", "a\nb"]) expect(() => signNote(text, name, privateKey)).toThrow(refused);
  expect(() => signNote("no newline", "a", privateKey)).toThrow(refused);
});

test("a checkpoint is origin, size and root, signed by a key of that origin", () => {
  const origin = "example.org/log";
  const root = merkleRoot(0, nodesOf([]));
  const note = signCheckpoint({ origin, size: 0, root }, privateKey);
  expect(note.startsWith(`${origin}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u2014 ${origin} `)).toBe(true);
  expect(openCheckpoint(note, [{ name: origin, jwk }])).toMatchObject({ origin, size: 0, root });
  for (const body of [
    "a\n01\nAA==\n",
    `b\n1\n${root.toString("base64")}\n`,
    "a\n1\n",
    `a\n-1\n${root.toString("base64")}\n`,
  ]) {
    expect(() => openCheckpoint(signNote(body, "a", privateKey), [{ name: "a", jwk }])).toThrow(refused);
  }
});

test("a proof holds the index, the hashes and the checkpoint, and extra data is passed over", () => {
  const hashes = [0, 1, 2].map((n) => leafHash(Buffer.of(n)));
  const nodes = nodesOf(hashes);
  const checkpoint = signCheckpoint({ origin: "a", size: 3, root: merkleRoot(3, nodes) }, privateKey);
  const proof = formatTlogProof({ index: 2, hashes: inclusionProof(2, 3, nodes), checkpoint });
  expect(proof.split("\n").slice(0, 2)).toEqual(["c2sp.org/tlog-proof@v1", "index 2"]);
  const leaf = hashes[2] as Buffer;
  const keys = [{ name: "a", jwk }];
  expect(verifyTlogProof(proof, leaf, keys)).toMatchObject({ index: 2, checkpoint: { size: 3 } });
  expect(verifyTlogProof(proof.replace("index", "extra eA==\nindex"), leaf, keys).index).toBe(2);
  for (const wrong of [
    proof.replace("@v1", "@v2"),
    proof.replace("index 2", "index 02"),
    proof.replace("=\n", "\n"),
    "",
  ]) {
    expect(() => verifyTlogProof(wrong, leaf, keys)).toThrow(refused);
  }
  expect(() => verifyTlogProof(proof.replace("index 2", "index 1"), leaf, keys)).toThrow("does not lead");
});

test("tiles have one address each (C2SP tlog-tiles)", () => {
  expect(tilePath({ level: 0, index: 1_234_067, width: 256 })).toBe("tile/0/x001/x234/067");
  expect(tilePath({ level: 1, index: 1000, width: 17 })).toBe("tile/1/x001/000.p/17");
  expect(parseTilePath("tile/entries/000.p/255")).toEqual({ level: "entries", index: 0, width: 255 });
  expect(parseTilePath("tile/63/x001/x234/067")).toEqual({ level: 63, index: 1_234_067, width: 256 });
  for (const path of [
    "tile/64/000",
    "tile/00/000",
    "tile/0/0",
    "tile/0/x000/001",
    "tile/0/000.p/0",
    "tile/0/000.p/256",
  ])
    expect(parseTilePath(path)).toBeNull();
  for (const path of ["tile/0/000.p/01", "tile/0/../000", "/tile/0/000", "tile/0/001/002", "tile/leaves/000"])
    expect(parseTilePath(path)).toBeNull();
  // "a tree of size 70,000 will be represented by … one full level 1 tile, one partial level 1 tile of width 17"
  expect(leavesForTile({ level: 1, index: 1, width: 17 })).toBe(69_888);
  expect(leavesForTile({ level: 1, index: 1, width: 18 })).toBeGreaterThan(70_000);
  expect(entryBundle([Buffer.from("ab"), Buffer.alloc(0)]).toString("hex")).toBe("000261620000");
});

test("a leaf commits to what is personal; each member is opened alone, and as nothing else", () => {
  const event: LeafEvent = {
    ...{
      seq: "7",
      at: "2026-06-01T08:00:00.000000Z",
      action: "recording.sealed",
      outcome: "done",
      actorKind: "system",
    },
    ...{ recordingId: "R-1", requestId: null, releaseId: null, deviceId: null, accountId: null, actorId: null },
    ...{ actorName: "Jane", actorRole: null, purpose: "why", details: { a: 1 }, correlationId: "c" },
    ...{ fromAddress: null, userAgent: null },
  };
  const salt = Buffer.alloc(32, 5);
  const leaf = parseCustodyLeaf(custodyLeaf(event, salt));
  expect(custodyLeaf(event, salt)).toBe(custodyLeaf({ ...event, details: { a: 1 } }, salt));
  expect(custodyLeaf(event, salt)).not.toBe(custodyLeaf(event, Buffer.alloc(32, 6)));
  const opening = openMember(event, salt, "purpose");
  expect(opensMember(leaf, "purpose", opening)).toBe(true);
  expect(opensMember(leaf, "purpose", { ...opening, value: "other" })).toBe(false);
  expect(opensMember(leaf, "actorName", { ...opening, value: "Jane" })).toBe(false);
  expect(opensMember(leaf, "fromAddress", { salt: opening.salt, value: null })).toBe(true);
  expect(opensMember(leaf, "purpose", { salt: opening.salt, value: null })).toBe(false);
  expect(() => parseCustodyLeaf(custodyLeaf(event, salt).replace("{", '{"more":1,'))).toThrow(refused);
});

test("keys are published under their thumbprints, with times, and read back", () => {
  const key = {
    ...{ kid: jwkThumbprint(jwk), purpose: "log" as const, jwk, name: "example.org/log", endorsement: null },
    ...{ createdAt: new Date("2026-06-01T08:00:00Z"), retiredAt: new Date("2026-07-01T08:00:00Z") },
  };
  const set = formatKeySet([key]);
  expect(set.keys[0]).toMatchObject({ use: "sig", alg: "EdDSA", iat: 1_780_300_800, exp: 1_782_892_800 });
  expect(JSON.stringify(set)).not.toContain('"d"');
  expect(parseKeySet(JSON.parse(JSON.stringify(set)))).toEqual([key]);
  expect(() => parseKeySet({ keys: [{ ...set.keys[0], kid: "other" }] })).toThrow("thumbprint");
  expect(parseKeySet({ keys: [{ kty: "RSA" }] })).toEqual([]);
  expect(() => parseKeySet([])).toThrow(refused);
  const seed = createPrivateKey({ key: privateKey.export({ format: "pem", type: "pkcs8" }), format: "pem" });
  expect(fromBase64Url(ed25519JwkOf(seed).x)).toHaveLength(32);
});
