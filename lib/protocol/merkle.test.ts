import { expect, test } from "vitest";
import {
  consistencyProof,
  inclusionProof,
  leafHash,
  merkleRoot,
  nodeHash,
  nodesOf,
  verifyConsistency,
  verifyInclusion,
} from "./index.ts";

// The leaves, roots and proofs with which implementations of Certificate Transparency are tested.
const leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const hashes = leaves.map((leaf) => leafHash(Buffer.from(leaf, "hex")));
const nodes = nodesOf(hashes);
const roots = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
].map((root) => Buffer.from(root, "hex"));
const rootOf = (size: number) => roots[size] as Buffer;
const hex = (proof: Buffer[]) => proof.map((hash) => hash.toString("hex"));

test("roots of the published trees of 0 to 8 leaves", () => {
  expect(roots.map((_, size) => merkleRoot(size, nodes))).toEqual(roots);
  expect(nodeHash(...(hashes.slice(0, 2) as [Buffer, Buffer]))).toEqual(rootOf(2));
});

test.each([
  [0, 1, []],
  [0, 2, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"]],
  [1, 2, ["6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"]],
  [2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]],
  [
    1,
    5,
    [
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
  ],
  [
    0,
    8,
    [
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
  ],
  [
    5,
    8,
    [
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
  ],
])("published proof that leaf %i is in the tree of %i", (index, size, expected) => {
  expect(hex(inclusionProof(index, size, nodes))).toEqual(expected);
});

test.each([
  [1, 1, []],
  [
    1,
    8,
    [
      "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
  ],
  [
    6,
    8,
    [
      "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
  ],
  [
    2,
    5,
    [
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
  ],
])("published proof that the tree of %i begins that of %i", (oldSize, size, expected) => {
  expect(hex(consistencyProof(oldSize, size, nodes))).toEqual(expected);
});

const manyHashes = Array.from({ length: 130 }, (_, index) => leafHash(Buffer.of(index)));
const many = nodesOf(manyHashes);

test("every inclusion proof up to 130 leaves is right, and for no other leaf, root, size or length", () => {
  const changed = Buffer.alloc(32, 7);
  for (let size = 1; size <= manyHashes.length; size++) {
    const root = merkleRoot(size, many);
    for (let index = 0; index < size; index++) {
      const proof = inclusionProof(index, size, many);
      const claim = { index, size, leafHash: manyHashes[index] as Buffer, root };
      expect(verifyInclusion(proof, claim)).toBe(true);
      if (index % 9 !== 0) continue;
      expect(verifyInclusion(proof, { ...claim, leafHash: changed })).toBe(false);
      expect(verifyInclusion(proof, { ...claim, root: changed })).toBe(false);
      expect(verifyInclusion([...proof, changed], claim)).toBe(false);
      expect(verifyInclusion(proof.slice(0, -1), claim)).toBe(size === 1);
      if (size > 1) expect(verifyInclusion([changed, ...proof.slice(1)], claim)).toBe(false);
      if (size > 1) expect(verifyInclusion(proof, { ...claim, index: (index + 1) % size })).toBe(false);
    }
  }
});

test("every consistency proof up to 130 leaves is right, and for no other root or length", () => {
  const changed = Buffer.alloc(32, 7);
  for (let size = 1; size <= manyHashes.length; size++) {
    for (let oldSize = 1; oldSize <= size; oldSize++) {
      const proof = consistencyProof(oldSize, size, many);
      const claim = { oldSize, oldRoot: merkleRoot(oldSize, many), size, root: merkleRoot(size, many) };
      expect(verifyConsistency(proof, claim)).toBe(true);
      if (oldSize % 7 !== 0) continue;
      expect(verifyConsistency(proof, { ...claim, oldRoot: changed })).toBe(false);
      expect(verifyConsistency(proof, { ...claim, root: changed })).toBe(false);
      expect(verifyConsistency([...proof, changed], claim)).toBe(false);
      if (oldSize < size) expect(verifyConsistency(proof.slice(0, -1), claim)).toBe(false);
      if (oldSize < size) expect(verifyConsistency([changed, ...proof.slice(1)], claim)).toBe(false);
    }
  }
});

test("senseless claims are refused", () => {
  const [proof, claim] = [inclusionProof(5, 8, nodes), { leafHash: hashes[5] as Buffer, root: rootOf(8) }];
  for (const [index, size] of [
    [8, 8],
    [-1, 8],
    [5.5, 8],
    [5, 2 ** 53],
    [Number.NaN, 8],
  ] as const) {
    expect(verifyInclusion(proof, { ...claim, index, size })).toBe(false);
    expect(() => inclusionProof(index, size, nodes)).toThrow(expect.objectContaining({ name: "ProtocolError" }));
  }
  expect(verifyInclusion([...proof.slice(0, 2), Buffer.alloc(31)], { ...claim, index: 5, size: 8 })).toBe(false);
  for (const [oldSize, size] of [
    [0, 8],
    [9, 8],
    [1.5, 8],
  ] as const) {
    expect(verifyConsistency([], { oldSize, oldRoot: rootOf(0), size, root: rootOf(8) })).toBe(false);
    expect(() => consistencyProof(oldSize, size, nodes)).toThrow(expect.objectContaining({ name: "ProtocolError" }));
  }
});
