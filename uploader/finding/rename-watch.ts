import type { Stats } from "node:fs";
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "./clock.ts";
import type { FolderListing } from "./read-folders.ts";

/** File systems keep birth times to 2 s at worst (FAT). */
const birthToleranceMs = 2100;
/** More than this between two scans, and the date was set. */
const clockStepMs = 1000;

/** What one scan saw, for the next one to compare with. */
type Sight = {
  wallMs: number;
  /** How far the date was ahead of the monotonic clock. */
  wallOffsetMs: number;
  /** Folders by path, and which one it was. */
  folders: Map<string, string>;
  /** Digests of the paths of all recordings: whole paths would cost memory for every file ever sent. */
  names: Set<number>;
  /** Device and inode of half-done files. */
  partials: Set<string>;
};

/**
 * Tells files that were renamed into place, and so are whole. Either the same inode was seen before under a half-done
 * name, or the file is older than the last scan of this very folder and was not there under this name.
 */
export class RenameWatch {
  readonly #clock: Clock;
  #before: Sight | null = null;
  #now: Sight;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#now = this.#emptySight();
  }

  /** A scan begins. */
  begin(): void {
    this.#now = this.#emptySight();
  }

  /** The scan is over; the next one compares with it. */
  end(): void {
    this.#before = this.#now;
  }

  /** Remembers the half-done files of a folder. */
  async notePartials({ folder, key, partials }: FolderListing): Promise<void> {
    this.#now.folders.set(folder, key);
    for (const name of partials) {
      const stats = await lstat(join(folder, name)).catch(() => null);
      if (stats?.isFile()) this.#now.partials.add(inodeOf(stats));
    }
  }

  /** Whether this recording came into place by a rename since the last scan. */
  isRenamed(path: string, { folder, key }: FolderListing, stats: Stats): boolean {
    const digest = digestOf(path);
    this.#now.names.add(digest);
    const before = this.#before;
    if (before === null) return false;
    if (before.partials.has(inodeOf(stats))) return true;
    if (before.names.has(digest)) return false;
    const isDateSteady = Math.abs(this.#now.wallOffsetMs - before.wallOffsetMs) < clockStepMs;
    const isOlder = stats.birthtimeMs > 0 && stats.birthtimeMs < before.wallMs - birthToleranceMs;
    return isDateSteady && isOlder && before.folders.get(folder) === key;
  }

  #emptySight(): Sight {
    const wallMs = this.#clock.wallMs();
    const wallOffsetMs = wallMs - this.#clock.monotonicMs();
    return { wallMs, wallOffsetMs, folders: new Map(), names: new Set(), partials: new Set() };
  }
}

function inodeOf(stats: Stats): string {
  return `${stats.dev}:${stats.ino}`;
}

/** FNV-1a with two starts, 52 bits: for sets in which a collision costs no more than a little time or a remark. */
export function digestOf(text: string): number {
  let high = 0x811c9dc5;
  let low = 0x01000193;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 0x01000193);
    low = Math.imul(low ^ (code + 0x9e37), 0x85ebca6b);
  }
  return (high >>> 0) * 0x100000 + ((low >>> 0) & 0xfffff);
}
