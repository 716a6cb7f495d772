import { randomBytes } from "node:crypto";
import { link, readdir, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type FileIdentity, readIdentity } from "../file-identity.ts";
import { syncFolder } from "../state/durable-file.ts";

/**
 * Deletes the local file, when the name still leads to exactly what was sealed. The name is taken away first and
 * looked at then, so that a file that took its place in the last moment is put back and not deleted.
 *
 * @returns whether it was deleted
 */
export async function deleteSealedFile(path: string, sealed: FileIdentity): Promise<boolean> {
  if (!isSameContentState(await readIdentity(path).catch(() => null), sealed)) return false;
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

/** Puts back what a deletion that was killed half-way had taken the name from: it may be another file than meant. */
export async function undoHalfDeletion(path: string): Promise<void> {
  const folder = dirname(path);
  const prefix = asidePrefix(path);
  for (const name of await readdir(folder).catch(() => []))
    if (name.startsWith(prefix) && /^[0-9a-f]{12}\.sealed$/.test(name.slice(prefix.length)))
      await putBack(join(folder, name), path);
}

function asidePrefix(path: string): string {
  return `.${basename(path).slice(0, 200)}.`;
}

function putBack(aside: string, path: string): Promise<void> {
  return link(aside, path).then(
    () => unlink(aside),
    () => undefined,
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
