import type { Database, Transaction } from "../context.ts";
import { formatTlogProof, inclusionProof, nodesOf, type ReadNode, tileWidth } from "../protocol/index.ts";
import { readTileHashes } from "./tile-hashes.ts";

/** Proofs that leaves are in the tree of one checkpoint. */
export type LogProofs = {
  origin: string;
  size: number;
  /** By leaf, as https://c2sp.org/tlog-proof. */
  proofs: Map<number, string>;
};

const noHash = Buffer.alloc(32);

/** Proofs for leaves against the newest checkpoint, which covers them all. */
export async function proveLeaves(db: Database | Transaction, indices: readonly number[]): Promise<LogProofs> {
  const newest = await db.logCheckpoint.findFirst({ orderBy: { size: "desc" } });
  if (newest === null) throw new Error("The custody log has no checkpoint yet");
  const size = Number(newest.size);
  const readNode = await loadNodes(db, size, (read) => {
    for (const index of indices) inclusionProof(index, size, read);
  });
  const proofs = indices.map((index) => {
    const hashes = inclusionProof(index, size, readNode);
    return [index, formatTlogProof({ index, hashes, checkpoint: newest.note })] as const;
  });
  return { origin: newest.note.slice(0, newest.note.indexOf("\n")), size, proofs: new Map(proofs) };
}

/** Reads the tiles of every node that `use` asks for, and then answers from them. */
async function loadNodes(db: Database | Transaction, size: number, use: (read: ReadNode) => void): Promise<ReadNode> {
  const wanted = new Map<string, { level: number; index: number }>();
  use((level, index) => {
    const tile = tileOf(level, index);
    wanted.set(`${tile.level}/${tile.index}`, tile);
    return noHash;
  });
  const tiles = new Map<string, ReadNode>();
  for (const [name, { level, index }] of wanted) {
    const width = Math.min(tileWidth, Math.floor(size / tileWidth ** level) - index * tileWidth);
    tiles.set(name, nodesOf(await readTileHashes(db, { level, index, width })));
  }
  return (level, index) => {
    const tile = tileOf(level, index);
    const read = tiles.get(`${tile.level}/${tile.index}`);
    if (read === undefined) throw new Error("A node was read that was not asked for");
    return read(level % 8, index - (tile.index * tileWidth) / 2 ** (level % 8));
  };
}

/** The tile that holds what a node is made of: a tile has eight levels of the tree. */
function tileOf(level: number, index: number): { level: number; index: number } {
  return { level: Math.floor(level / 8), index: Math.floor((index * 2 ** (level % 8)) / tileWidth) };
}
