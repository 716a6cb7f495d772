import { randomBytes } from "node:crypto";
import { createReadStream, fstatSync, mkdirSync } from "node:fs";
import { type FileHandle, link, mkdir, open, opendir, rm, stat, statfs, unlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { BlobDamagedError, type BlobReader, type BlobStore, type BlobWriter } from "./blob-store.ts";
import { keyOfPath, pathOfKey } from "./key-path.ts";

/** Large enough for the disk's full speed, small enough for many readers at once. */
const streamBufferBytes = 256 * 1024;

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** A new or removed name survives power loss only once its directory is synced (fsync(2), notes). */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function writeAll(file: FileHandle, buffers: readonly Uint8Array[], positionBytes: number): Promise<number> {
  let rest = buffers;
  let position = positionBytes;
  while (rest.length > 0) {
    let written = (await file.writev(rest, position)).bytesWritten;
    position += written;
    // A full disk takes a part first and fails at the next call.
    const next: Uint8Array[] = [];
    for (const buffer of rest) {
      if (written < buffer.byteLength) next.push(written === 0 ? buffer : buffer.subarray(written));
      written = Math.max(0, written - buffer.byteLength);
    }
    rest = next;
  }
  return position;
}

class FileWriter implements BlobWriter {
  #file: FileHandle;
  #position: number;

  constructor(file: FileHandle, offsetBytes: number) {
    this.#file = file;
    this.#position = offsetBytes;
  }

  async write(buffers: readonly Uint8Array[]): Promise<void> {
    this.#position = await writeAll(this.#file, buffers, this.#position);
  }

  sync(): Promise<void> {
    return this.#file.datasync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

class FileReader implements BlobReader {
  readonly sizeBytes: number;
  #file: FileHandle;

  constructor(file: FileHandle, sizeBytes: number) {
    this.#file = file;
    this.sizeBytes = sizeBytes;
  }

  async read(into: Uint8Array, positionBytes: number): Promise<number> {
    let filled = 0;
    while (filled < into.byteLength) {
      const { bytesRead } = await this.#file.read(into, filled, into.byteLength - filled, positionBytes + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return filled;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Blobs as files of one directory, which only this program's user may read. */
class FileBlobStore implements BlobStore {
  #directory: string;
  #known = new Set<string>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  #path(key: string): string {
    return pathOfKey(this.#directory, key);
  }

  /** Makes a key's folders, durably, once a process. */
  async #prepare(path: string): Promise<string> {
    const folder = dirname(path);
    if (this.#known.has(folder)) return folder;
    const first = await mkdir(folder, { recursive: true, mode: 0o700 });
    if (first !== undefined) {
      for (let made = folder; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made));
    }
    this.#known.add(folder);
    return folder;
  }

  async create(key: string): Promise<void> {
    const path = this.#path(key);
    const folder = await this.#prepare(path);
    const file = await open(path, "wx", 0o600);
    await file.close();
    await syncDirectory(folder);
  }

  async openWriter(key: string, offsetBytes: number): Promise<BlobWriter> {
    let file: FileHandle;
    try {
      file = await open(this.#path(key), "r+");
    } catch (error) {
      throw hasCode(error, "ENOENT") ? new BlobDamagedError(key, offsetBytes, null) : error;
    }
    try {
      const { size } = fstatSync(file.fd); // in memory once the file is open
      if (size < offsetBytes) throw new BlobDamagedError(key, offsetBytes, size);
      if (size > offsetBytes) await file.truncate(offsetBytes);
      return new FileWriter(file, offsetBytes);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async openReader(key: string): Promise<BlobReader | null> {
    try {
      const file = await open(this.#path(key), "r");
      return new FileReader(file, fstatSync(file.fd).size);
    } catch (error) {
      if (hasCode(error, "ENOENT")) return null;
      throw error;
    }
  }

  read(key: string, range?: { start: number; end: number }) {
    return createReadStream(this.#path(key), { ...range, highWaterMark: streamBufferBytes });
  }

  async size(key: string): Promise<number | null> {
    try {
      return (await stat(this.#path(key))).size;
    } catch (error) {
      if (hasCode(error, "ENOENT")) return null;
      throw error;
    }
  }

  async *list(prefix: string): AsyncIterable<string> {
    const directory = await opendir(this.#directory, { recursive: true });
    for await (const entry of directory) {
      if (!entry.isFile()) continue;
      const key = keyOfPath(relative(this.#directory, join(entry.parentPath, entry.name)));
      if (key?.startsWith(prefix)) yield key;
    }
  }

  async remove(key: string): Promise<void> {
    const path = this.#path(key);
    try {
      await unlink(path);
    } catch (error) {
      if (hasCode(error, "ENOENT")) return;
      throw error;
    }
    await syncDirectory(dirname(path));
  }

  async freeBytes(): Promise<number | null> {
    const { bavail, bsize } = await statfs(this.#directory);
    return bavail * bsize;
  }

  async put(key: string, content: Uint8Array): Promise<void> {
    const path = this.#path(key);
    const folder = await this.#prepare(path);
    // Written under a name that is no key, then linked: a blob of `put` is either whole or not there.
    const draft = join(folder, `.draft-${randomBytes(8).toString("hex")}`);
    try {
      const file = await open(draft, "wx", 0o600);
      try {
        await writeAll(file, content.byteLength === 0 ? [] : [content], 0);
        await file.sync();
      } finally {
        await file.close();
      }
      await link(draft, path);
    } finally {
      await rm(draft, { force: true });
    }
    await syncDirectory(folder);
  }
}

/** Opens the store in a directory, making the directory when it is missing. */
export function openFileBlobStore(directory: string): BlobStore {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return new FileBlobStore(directory);
}
