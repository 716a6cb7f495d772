import { open } from "node:fs/promises";
import { dirname, extname, resolve } from "node:path";
import { type FileIdentity, identityOf } from "../file-identity.ts";
import { systemCode } from "../problems.ts";

/** Most bytes of a list that are read at a time; a longer one is read on with the next scan. */
const maxReadBytes = 1024 * 1024;
/** Names that are kept while their files have not been seen. */
const maxPending = 10_000;

/** When a list was seen to name a file: by the list's own modification time, in milliseconds since 1970. */
type Listed = Map<string, number>;

/**
 * A list of finished segments, as ffmpeg's `-segment_list` writes it. Only lines that end are read, so a torn last one
 * waits for its rest; a list that was begun anew or cut off is read from its start.
 */
export class SegmentList {
  readonly path: string;
  readonly #listed: Listed = new Map();
  #inode = 0;
  #offset = 0;
  #seen: FileIdentity | null = null;

  constructor(path: string) {
    this.path = resolve(path);
  }

  /** Reads what is new. A list that is not there yet names nothing. */
  async read(): Promise<void> {
    const handle = await open(this.path, "r").catch((error: unknown) => {
      if (systemCode(error) === "ENOENT") return null;
      throw error;
    });
    if (handle === null) return;
    try {
      const stats = await handle.stat();
      const identity = identityOf(stats);
      const isRewritten = stats.ino !== this.#inode || stats.size < this.#offset;
      if (isRewritten) this.#offset = 0;
      else if (this.#seen !== null && this.#seen.changedMs === identity.changedMs && stats.size === this.#offset)
        return;
      this.#inode = stats.ino;
      this.#seen = identity;
      // A list of the last few segments is written anew in place and may keep its length.
      if (!isRewritten && stats.size === this.#offset) this.#offset = 0;
      const buffer = Buffer.alloc(Math.min(stats.size - this.#offset, maxReadBytes));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, this.#offset);
      const end = buffer.subarray(0, bytesRead).lastIndexOf(0x0a) + 1;
      this.#offset += end;
      for (const line of buffer.toString("utf8", 0, end).split("\n")) this.#note(line, identity.modifiedMs);
    } finally {
      await handle.close();
    }
  }

  /** Whether the list named this file after it last changed: a name may be used again for another recording. */
  names(path: string, identity: FileIdentity): boolean {
    return identity.changedMs <= (this.#listed.get(path) ?? Number.NEGATIVE_INFINITY);
  }

  /** Forgets a file that is taken. */
  forget(path: string): void {
    this.#listed.delete(path);
  }

  #note(line: string, atMs: number): void {
    const name = nameInLine(line.replace(/\r$/, ""), extname(this.path).toLowerCase());
    if (name === null) return;
    const path = resolve(dirname(this.path), name);
    this.#listed.delete(path);
    this.#listed.set(path, atMs);
    for (const oldest of this.#listed.keys()) {
      if (this.#listed.size <= maxPending) break;
      this.#listed.delete(oldest);
    }
  }
}

// ffmpeg's forms: flat (one name a line), csv (name,start,end), ffconcat (file NAME), m3u8 (names between # lines).
function nameInLine(line: string, ending: string): string | null {
  if (line.trim() === "" || line.startsWith("#")) return null;
  if (
    ending === ".ffconcat" ||
    ending === ".ffcat" ||
    /^(?:ffconcat version|file |stream$|duration |inpoint |outpoint )/.test(line)
  )
    return /^file /.test(line) ? unquoteConcat(line.slice(5).trim()) : null;
  const csv = /^(?:"((?:[^"]|"")*)"|([^,]*)),-?\d+(?:\.\d+)?,-?\d+(?:\.\d+)?$/.exec(line);
  if (csv !== null) return csv[1]?.replaceAll('""', '"') ?? csv[2] ?? null;
  return line;
}

// As a shell reads a word: within ' nothing is special, and outside of it a backslash takes the next character as it is.
function unquoteConcat(word: string): string {
  let name = "";
  let isQuoted = false;
  for (let i = 0; i < word.length; i++) {
    const char = word[i] ?? "";
    if (char === "'") isQuoted = !isQuoted;
    else if (char === "\\" && !isQuoted) name += word[++i] ?? "";
    else name += char;
  }
  return name;
}
