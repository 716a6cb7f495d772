import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

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
