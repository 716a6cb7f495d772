import { randomBytes } from "node:crypto";
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Nobody takes so long to put a file in place: what is older was left by a process that was killed. */
const leftoverMs = 10 * 60 * 1000;

/**
 * Puts a whole file in place: afterwards the path holds the old or the new content, never a mixture.
 * Order: write beside it, sync it, rename it, sync the folder.
 *
 * @param isDurable false leaves out the syncs, for content that may be lost with the power
 */
export async function replaceFile(path: string, content: string, isDurable: boolean): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.new`;
  try {
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(content);
      if (isDurable) await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  if (isDurable) await syncFolder(dirname(path));
}

/** Removes what processes that were killed in `replaceFile` left in a folder; others may be at work in it. */
export async function removeLeftovers(folder: string, nowMs: number): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!/\.[0-9a-f]{12}\.new$/.test(name)) continue;
    const path = join(folder, name);
    const left = await stat(path).catch(() => null);
    if (left !== null && nowMs - left.mtimeMs > leftoverMs) await rm(path, { force: true });
  }
}

/** Makes renames and removals in a folder survive a power cut. Windows has no such call and needs none. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
