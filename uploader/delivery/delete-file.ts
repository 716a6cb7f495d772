import { randomBytes } from "node:crypto";
import { link, readdir, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type FileIdentity, isSameIdentity, readIdentity } from "../file-identity.ts";
import { syncFolder } from "../state/durable-file.ts";

/**
 * Deletes the local file, when the name still leads to exactly what was sealed. The name is taken away first and
 * looked at then, so that a file that took its place in the last moment is put back and not deleted.
 *
 * @param wasMoved our own renames have moved its change time, which otherwise shows a rewrite in place
 * @returns whether it was deleted
 */
export async function deleteSealedFile(path: string, sealed: FileIdentity, wasMoved = false): Promise<boolean> {
  const now = await readIdentity(path).catch(() => null);
  if (now === null || !(wasMoved ? isSameContentState(now, sealed) : isSameIdentity(now, sealed))) return false;
  const aside = join(dirname(path), `${asidePrefix(path)}${randomBytes(6).toString("hex")}.sealed`);
  await rename(path, aside);
  if (!isSameContentState(await readIdentity(aside).catch(() => null), sealed)) {
    // link, not rename: it never overwrites what has the name by now.
    await putBack(aside, path);
    return false;
  }
  await unlink(aside);
  await syncFolder(dirname(path)).catch(() => undefined);
  return true;
}

/**
 * Puts back what a deletion that was killed half-way had taken the name from: it may be another file than meant.
 *
 * @returns whether there was anything
 */
export async function undoHalfDeletion(path: string): Promise<boolean> {
  let isBack = false;
  const folder = dirname(path);
  const prefix = asidePrefix(path);
  for (const name of await readdir(folder).catch(() => []))
    if (name.startsWith(prefix) && /^[0-9a-f]{12}\.sealed$/.test(name.slice(prefix.length)))
      isBack = (await putBack(join(folder, name), path)) || isBack;
  return isBack;
}

function asidePrefix(path: string): string {
  return `.${basename(path).slice(0, 200)}.`;
}

function putBack(aside: string, path: string): Promise<boolean> {
  return link(aside, path).then(
    () => unlink(aside).then(() => true),
    () => false,
  );
}

// The change time is left out: our own rename moves it.
function isSameContentState(now: FileIdentity | null, sealed: FileIdentity): boolean {
  return (
    now !== null &&
    now.sizeBytes === sealed.sizeBytes &&
    now.modifiedMs === sealed.modifiedMs &&
    now.inode === sealed.inode
  );
}
