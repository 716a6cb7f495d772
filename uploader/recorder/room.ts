import { readDiskSpace } from "../deletion/disk-space.ts";
import { sizeInWords } from "../report/words.ts";
import type { RecorderSettings } from "./settings.ts";

/** Begins what is said of a gap, too. */
const full = "the disk is full";

/**
 * Why there is no room to record; null: there is. Once it has paused, it goes on only with half as much again, so that
 * a disk at the limit does not start and stop it all the time.
 */
export async function whyNoRoom(
  { out, minFreeBytes }: Pick<RecorderSettings, "out" | "minFreeBytes">,
  isPaused: boolean,
): Promise<string | null> {
  const space = await readDiskSpace(out);
  const neededBytes = isPaused ? minFreeBytes * 1.5 : minFreeBytes;
  if (space === null || space.freeBytes >= neededBytes) return null;
  return `${full}: ${sizeInWords(space.freeBytes)} are free, and recording pauses below ${sizeInWords(minFreeBytes)}`;
}
