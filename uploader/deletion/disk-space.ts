import { statfs } from "node:fs/promises";

/** Room on the disk of a folder. */
export type DiskSpace = { totalBytes: number; freeBytes: number };

/** Reads how much room is left for this user; null when nobody can tell. */
export async function readDiskSpace(folder: string): Promise<DiskSpace | null> {
  try {
    const { bsize, blocks, bavail } = await statfs(folder);
    return { totalBytes: bsize * blocks, freeBytes: bsize * bavail };
  } catch {
    return null;
  }
}
