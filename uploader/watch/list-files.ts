import { opendir } from "node:fs/promises";
import { extname, join } from "node:path";

/** Deep enough for camera/year/month/day/hour; a loop of mounts ends somewhere. */
const maxDepth = 8;

/** Endings of the files that recorders write. */
export const recordingExtensions = ["mp4", "m4v", "mov", "mkv", "webm", "ts", "m2ts", "mts", "avi"] as const;

/**
 * Names the recordings in a folder and the folders in it. Skips hidden and half-named files, symbolic links and
 * everything that is no regular file; a folder that cannot be read is passed over and told.
 */
export async function* listFiles(
  folder: string,
  extensions: ReadonlySet<string>,
  onUnreadable: (folder: string, error: unknown) => void,
  depth = 0,
): AsyncGenerator<string> {
  try {
    for await (const entry of await opendir(folder, { bufferSize: 256 })) {
      if (entry.name.startsWith(".")) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory() && depth < maxDepth) yield* listFiles(path, extensions, onUnreadable, depth + 1);
      else if (entry.isFile() && extensions.has(extname(entry.name).slice(1).toLowerCase())) yield path;
    }
  } catch (error) {
    onUnreadable(folder, error);
  }
}
