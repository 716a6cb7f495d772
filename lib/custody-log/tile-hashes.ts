import type { Database, Transaction } from "../context.ts";
import { tileWidth } from "../protocol/index.ts";

/** Which hashes: a tile of a level of 256-fold steps, or its first `width` hashes. */
export type TileWanted = { level: number; index: number; width: number };

/**
 * The hashes of a tile. A partial one is put together: at the bottom from the leaves, above from the roots of the full
 * tiles below.
 */
export async function readTileHashes(db: Database | Transaction, wanted: TileWanted): Promise<Buffer[]> {
  const { level, index, width } = wanted;
  if (width === 0) return [];
  const hashes = width === tileWidth ? await fullTile(db, level, index) : await partialTile(db, wanted);
  if (hashes.length !== width)
    throw new Error(`The custody log's tree lacks hashes of tile ${index} on level ${level}`);
  return hashes;
}

async function fullTile(db: Database | Transaction, level: number, index: number): Promise<Buffer[]> {
  const row = await db.logTile.findUnique({ where: { level_index: { level, index } }, select: { hashes: true } });
  const bytes = Buffer.from(row?.hashes ?? []);
  return Array.from({ length: bytes.length / 32 }, (_, at) => bytes.subarray(at * 32, (at + 1) * 32));
}

async function partialTile(db: Database | Transaction, { level, index, width }: TileWanted): Promise<Buffer[]> {
  const first = index * tileWidth;
  const range = { gte: first, lt: first + width };
  if (level === 0) {
    const leaves = await db.logLeaf.findMany({
      where: { index: range },
      orderBy: { index: "asc" },
      select: { hash: true },
    });
    return leaves.map(({ hash }) => Buffer.from(hash));
  }
  const tiles = await db.logTile.findMany({
    where: { level: level - 1, index: range },
    orderBy: { index: "asc" },
    select: { root: true },
  });
  return tiles.map(({ root }) => Buffer.from(root));
}
