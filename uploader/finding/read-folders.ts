import { lstat, opendir, stat } from "node:fs/promises";
import { join } from "node:path";
import { kindOfName } from "./companions.ts";

/** Deep enough for camera/year/month/day/hour; a loop of mounts ends somewhere. */
const maxDepth = 8;
/** Half-done files that are followed in one folder; with more, they merely wait until they lie still. */
const maxPartials = 1000;

/** Ext4's own, closed to everybody but root. */
const notOurs = "lost+found";

/** What is in one folder, by name. */
export type FolderListing = {
  folder: string;
  /** Tells the folder from another in its place, such as a mount that came or went. */
  key: string;
  recordings: string[];
  companions: ReadonlySet<string>;
  partials: string[];
  /** Names that are no UTF-8: no path leads to them from here. */
  unusableNames: string[];
};

/**
 * Reads a folder and the folders in it. Symbolic links and what is no regular file are passed over; a folder that
 * cannot be read is told and passed over; `lost+found` is passed over.
 */
export async function* readFolders(
  folder: string,
  extensions: ReadonlySet<string>,
  onUnreadable: (folder: string, error: unknown) => void,
  depth = 0,
): AsyncGenerator<FolderListing> {
  const recordings: string[] = [];
  const companions = new Set<string>();
  const partials: string[] = [];
  const unusableNames: string[] = [];
  const folders: string[] = [];
  try {
    const { dev, ino } = await stat(folder);
    for await (const entry of await opendir(folder, { bufferSize: 256 })) {
      const { name } = entry;
      if (entry.isDirectory() && !name.startsWith(".") && name !== notOurs && depth < maxDepth) folders.push(name);
      if (!entry.isFile()) continue;
      const kind = kindOfName(name, extensions);
      if (kind === "companion") companions.add(name);
      else if (kind === "partial" && partials.length < maxPartials) partials.push(name);
      else if (kind !== "recording") continue;
      else if (name.includes("\ufffd") && (await isUnreachable(join(folder, name)))) unusableNames.push(name);
      else recordings.push(name);
    }
    yield { folder, key: `${dev}:${ino}`, recordings, companions, partials, unusableNames };
  } catch (error) {
    onUnreadable(folder, error);
  }
  for (const name of folders) yield* readFolders(join(folder, name), extensions, onUnreadable, depth + 1);
}

// Bytes that are no UTF-8 are read as U+FFFD, which leads to no file; a name may also truly hold that character.
function isUnreachable(path: string): Promise<boolean> {
  return lstat(path).then(
    () => false,
    () => true,
  );
}
