import type { Transaction } from "../context.ts";
import { merkleRoot, nodesOf, tileWidth } from "../protocol/index.ts";
import { readTileHashes } from "./tile-hashes.ts";

/** A tile that became full. */
export type FullTile = { level: number; index: number; hashes: Buffer; root: Buffer };

/**
 * The right edge of the tree: the partial tile of each level, which is all that appending and the root need. Grows in
 * memory; full tiles come out.
 */
export class TreeEdge {
  #levels: Buffer[][];
  #size: number;

  private constructor(levels: Buffer[][], size: number) {
    this.#levels = levels;
    this.#size = size;
  }

  /** The edge of the tree that the database holds at a size. */
  static async load(tx: Transaction, size: number): Promise<TreeEdge> {
    const levels: Buffer[][] = [];
    for (let level = 0, hashes = size; hashes > 0; level++, hashes = Math.floor(hashes / tileWidth)) {
      const index = Math.floor(hashes / tileWidth);
      levels.push(await readTileHashes(tx, { level, index, width: hashes % tileWidth }));
    }
    return new TreeEdge(levels, size);
  }

  /** The edge of no leaves. */
  static empty(): TreeEdge {
    return new TreeEdge([], 0);
  }

  get size(): number {
    return this.#size;
  }

  /** Adds one leaf; returns the tiles that it filled. */
  append(leafHash: Buffer): FullTile[] {
    this.#size += 1;
    const filled: FullTile[] = [];
    let hash = leafHash;
    for (let level = 0, count = this.#size; ; level++) {
      const hashes = this.#levels[level] ?? [];
      hashes.push(hash);
      this.#levels[level] = hashes;
      if (hashes.length < tileWidth) return filled;
      const root = merkleRoot(tileWidth, nodesOf(hashes));
      count = Math.floor(count / tileWidth);
      filled.push({ level, index: count - 1, hashes: Buffer.concat(hashes), root });
      this.#levels[level] = [];
      hash = root;
    }
  }

  /** Root of the tree. */
  root(): Buffer {
    // The root of a tree is made of complete subtrees, and those beside the edge are inside its partial tiles.
    return merkleRoot(this.#size, (level, index) => {
      const tileLevel = Math.floor(level / 8);
      const hashes = this.#levels[tileLevel] ?? [];
      const span = 2 ** (level % 8);
      const first = Math.floor(Math.floor(this.#size / tileWidth ** tileLevel) / tileWidth) * tileWidth;
      return nodesOf(hashes)(level % 8, (index * span - first) / span);
    });
  }
}
