// The tree of a log as tiles of 256 hashes, https://c2sp.org/tlog-tiles: their addresses and their sizes.

/** Hashes of a full tile, and entries of a full bundle. */
export const tileWidth = 256;

/** One tile: hashes of a level, counted in tiles; `entries` are the leaves themselves. */
export type TileAddress = {
  level: number | "entries";
  index: number;
  /** Of a partial tile 1 to 255, of a full one 256. */
  width: number;
};

/** Where a tile is, below the prefix of the log: `tile/0/x001/x234/067`, with `.p/112` when it is partial. */
export function tilePath({ level, index, width }: TileAddress): string {
  const groups = [String(index % 1000).padStart(3, "0")];
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    groups.unshift(`x${String(rest % 1000).padStart(3, "0")}`);
  }
  return `tile/${level}/${groups.join("/")}${width === tileWidth ? "" : `.p/${width}`}`;
}

/** Reads an address below the prefix of the log; null when it is none, or not written as it must be. */
export function parseTilePath(path: string): TileAddress | null {
  const found = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/){0,4}\d{3})(?:\.p\/(\d{1,3}))?$/.exec(path);
  if (found?.[1] === undefined || found[2] === undefined) return null;
  const level = found[1] === "entries" ? "entries" : Number(found[1]);
  const index = Number(found[2].replaceAll(/[x/]/g, ""));
  const address: TileAddress = { level, index, width: found[3] === undefined ? tileWidth : Number(found[3]) };
  if (level !== "entries" && level > 63) return null;
  if (found[3] !== undefined && (address.width < 1 || address.width >= tileWidth)) return null;
  // One address a tile: no zeros in front that do not belong there.
  return tilePath(address) === path ? address : null;
}

/** How many leaves a tree must have for this tile to be there. */
export function leavesForTile({ level, index, width }: TileAddress): number {
  return (index * tileWidth + width) * tileWidth ** (level === "entries" ? 0 : level);
}

/** Entries as a bundle: "sequences of big-endian uint16 length-prefixed log entries". */
export function entryBundle(entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    entries.flatMap((entry) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(entry.length);
      return [length, entry];
    }),
  );
}
