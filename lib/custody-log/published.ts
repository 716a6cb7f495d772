import type { Context } from "../context.ts";
import { AppError, notFound } from "../errors.ts";
import { authoriseOperator } from "../people/index.ts";
import { entryBundle, leavesForTile, parseTilePath, tileWidth } from "../protocol/index.ts";
import { recordReading } from "./record-reading.ts";
import { readTileHashes } from "./tile-hashes.ts";

/**
 * The newest checkpoint, as a signed note. Public.
 *
 * @throws AppError unavailable before the first one
 */
export async function getCheckpoint(ctx: Context): Promise<string> {
  const newest = await ctx.db.logCheckpoint.findFirst({ orderBy: { size: "desc" }, select: { note: true } });
  if (newest !== null) return newest.note;
  throw new AppError("unavailable", "The log has no checkpoint yet; it will in a moment.", { retryAfterSeconds: 2 });
}

/**
 * A tile of the log by its path, as in `tile/0/x001/234.p/17`. Hashes are public: they say how many events there are
 * and nothing else. Entries name recordings and requests, so they are for those who may read the log.
 *
 * @throws AppError not_found for no tile, or one that is not there yet; for entries unauthenticated, forbidden
 */
export async function getTile(ctx: Context, path: string): Promise<Buffer> {
  const address = parseTilePath(path);
  if (address === null) throw notFound("tile");
  const { level, index, width } = address;
  if (level === "entries") await authoriseOperator(ctx, "custody.read");
  // Only what a checkpoint covers.
  const newest = await ctx.db.logCheckpoint.findFirst({ orderBy: { size: "desc" }, select: { size: true } });
  if (newest === null || leavesForTile(address) > Number(newest.size)) throw notFound("tile");
  if (level !== "entries") return Buffer.concat(await readTileHashes(ctx.db, { level, index, width }));
  await recordReading(ctx, {}, "entries");
  const leaves = await ctx.db.logLeaf.findMany({
    where: { index: { gte: index * tileWidth, lt: index * tileWidth + width } },
    orderBy: { index: "asc" },
    select: { leaf: true },
  });
  return entryBundle(leaves.map(({ leaf }) => leaf));
}
