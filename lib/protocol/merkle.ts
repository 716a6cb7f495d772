import { createHash } from "node:crypto";
import { ProtocolError } from "./protocol-error.ts";

// The Merkle tree of RFC 6962, section 2.1 (the same in RFC 9162, section 2.1), with SHA-256. Sizes and indices are
// numbers up to 2^53, so no bit operators, which know 32 bits.

/** Hash of a complete subtree of 2^level leaves: the index-th of that level, from the left. */
export type ReadNode = (level: number, index: number) => Uint8Array;

/** Leaves from `start` to before `end`. */
type Range = readonly [start: number, end: number];

/** Hash of a leaf: SHA-256(0x00 || leaf). */
export function leafHash(leaf: Uint8Array): Buffer {
  return createHash("sha256").update(Buffer.of(0)).update(leaf).digest();
}

/** Hash of an inner node: SHA-256(0x01 || left || right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash("sha256").update(Buffer.of(1)).update(left).update(right).digest();
}

/** Reads nodes of a tree whose leaf hashes are in memory. */
export function nodesOf(leafHashes: readonly Uint8Array[]): ReadNode {
  const levels: (readonly Uint8Array[])[] = [leafHashes];
  return (level, index) => {
    while (levels.length <= level) levels.push(parentsOf(levels.at(-1) ?? []));
    const hash = levels[level]?.[index];
    if (hash === undefined) throw new ProtocolError("The tree has no such node.");
    return hash;
  };
}

/** Root of the first `size` leaves; of no leaves, the SHA-256 of nothing. */
export function merkleRoot(size: number, readNode: ReadNode): Buffer {
  return size === 0 ? createHash("sha256").digest() : rangeHash([0, size], readNode);
}

/** Proof that the leaf `index` is in the tree of `size` leaves (RFC 9162, 2.1.3.1): hashes from the leaf upwards. */
export function inclusionProof(index: number, size: number, readNode: ReadNode): Buffer[] {
  if (!isIndex(index) || !isIndex(size) || index >= size) throw new ProtocolError("The tree has no such leaf.");
  return inclusionRanges(index, [0, size]).map((range) => rangeHash(range, readNode));
}

/** Proof that the tree of `oldSize` leaves is the beginning of that of `size` leaves (RFC 9162, 2.1.4.1). */
export function consistencyProof(oldSize: number, size: number, readNode: ReadNode): Buffer[] {
  if (!isIndex(oldSize) || !isIndex(size) || oldSize < 1 || oldSize > size) {
    throw new ProtocolError("A tree of that size does not begin this one.");
  }
  return consistencyRanges(oldSize, [0, size], true).map((range) => rangeHash(range, readNode));
}

/** What an inclusion proof is checked against. */
export type InclusionClaim = { index: number; size: number; leafHash: Uint8Array; root: Uint8Array };

/** Checks an inclusion proof by the steps of RFC 9162, 2.1.3.2. */
export function verifyInclusion(proof: readonly Uint8Array[], claim: InclusionClaim): boolean {
  const { index, size, root } = claim;
  if (!isIndex(index) || !isIndex(size) || index >= size || !proof.every(isHash)) return false;
  let [fn, sn] = [index, size - 1];
  let hash: Uint8Array = claim.leafHash;
  for (const step of proof) {
    if (sn === 0) return false;
    if (isOdd(fn) || fn === sn) {
      hash = nodeHash(step, hash);
      while (!isOdd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      hash = nodeHash(hash, step);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && Buffer.compare(hash, root) === 0;
}

/** What a consistency proof is checked against. */
export type ConsistencyClaim = { oldSize: number; oldRoot: Uint8Array; size: number; root: Uint8Array };

/** Checks a consistency proof by the steps of RFC 9162, 2.1.4.2. */
export function verifyConsistency(proof: readonly Uint8Array[], claim: ConsistencyClaim): boolean {
  const { oldSize, oldRoot, size, root } = claim;
  if (!isIndex(oldSize) || !isIndex(size) || oldSize < 1 || oldSize > size || !proof.every(isHash)) return false;
  if (oldSize === size) return proof.length === 0 && Buffer.compare(oldRoot, root) === 0;
  if (proof.length === 0) return false;
  const [first, ...steps] = isPowerOfTwo(oldSize) ? [oldRoot, ...proof] : proof;
  let [fn, sn] = [oldSize - 1, size - 1];
  while (isOdd(fn)) [fn, sn] = [half(fn), half(sn)];
  let [oldHash, hash] = [first as Uint8Array, first as Uint8Array];
  for (const step of steps) {
    if (sn === 0) return false;
    if (isOdd(fn) || fn === sn) {
      [oldHash, hash] = [nodeHash(step, oldHash), nodeHash(step, hash)];
      while (!isOdd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      hash = nodeHash(hash, step);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && Buffer.compare(oldHash, oldRoot) === 0 && Buffer.compare(hash, root) === 0;
}

/** Hash of the tree over a range that starts where a subtree of the whole tree starts. */
function rangeHash([start, end]: Range, readNode: ReadNode): Buffer {
  const length = end - start;
  if (isPowerOfTwo(length)) return Buffer.from(readNode(Math.log2(length), start / length));
  const split = splitOf(length);
  return nodeHash(rangeHash([start, start + split], readNode), rangeHash([start + split, end], readNode));
}

function inclusionRanges(index: number, [start, end]: Range): Range[] {
  if (end - start === 1) return [];
  const middle = start + splitOf(end - start);
  return index < middle
    ? [...inclusionRanges(index, [start, middle]), [middle, end]]
    : [...inclusionRanges(index, [middle, end]), [start, middle]];
}

function consistencyRanges(oldEnd: number, [start, end]: Range, isWholeOld: boolean): Range[] {
  if (oldEnd === end) return isWholeOld ? [] : [[start, end]];
  const middle = start + splitOf(end - start);
  return oldEnd <= middle
    ? [...consistencyRanges(oldEnd, [start, middle], isWholeOld), [middle, end]]
    : [...consistencyRanges(oldEnd, [middle, end], false), [start, middle]];
}

/** Largest power of two below a length, where RFC 6962 splits a list. */
function splitOf(length: number): number {
  let split = 1;
  while (split * 2 < length) split *= 2;
  return split;
}

function parentsOf(level: readonly Uint8Array[]): Buffer[] {
  const parents: Buffer[] = [];
  for (let index = 0; index + 1 < level.length; index += 2) {
    parents.push(nodeHash(level[index] as Uint8Array, level[index + 1] as Uint8Array));
  }
  return parents;
}

const isPowerOfTwo = (value: number) => value === 1 || splitOf(value) * 2 === value;
const isIndex = (value: number) => Number.isSafeInteger(value) && value >= 0;
const isHash = (bytes: Uint8Array) => bytes.length === 32;
const isOdd = (value: number) => value % 2 === 1;
const half = (value: number) => Math.floor(value / 2);
