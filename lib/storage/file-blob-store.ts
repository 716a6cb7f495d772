import { randomBytes } from "node:crypto";
import { createReadStream, fstatSync, mkdirSync } from "node:fs";
import { opendir, stat, statfs } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { BlobDamagedError, type BlobReader, type BlobStore, type BlobWriter } from "./blob-store.ts";
import { type Disk, type DiskFile, machineDisk } from "./disk.ts";
import { keyOfPath, pathOfKey } from "./key-path.ts";

/** Large enough for the disk's full speed, small enough for many readers at once. */
const streamBufferBytes = 256 * 1024;

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** A new or removed name survives power loss only once its directory is synced (fsync(2), notes). */
async function syncDirectory(disk: Disk, path: string): Promise<void> {
  const directory = await disk.open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function writeAll(file: DiskFile, buffers: readonly Uint8Array[], positionBytes: number): Promise<number> {
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
  #file: DiskFile;
  #position: number;

  constructor(file: DiskFile, offsetBytes: number) {
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
  #file: DiskFile;

  constructor(file: DiskFile, sizeBytes: number) {
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
  #disk: Disk;
  #known = new Set<string>();

  constructor(directory: string, disk: Disk) {
    this.#directory = directory;
    this.#disk = disk;
  }

  #path(key: string): string {
    return pathOfKey(this.#directory, key);
  }

  /**
   * Makes a key's folders, durably, once a process. Also folders that are there are synced: a process that was
   * killed may have made them and got no further.
   */
  async #prepare(path: string): Promise<string> {
    const folder = dirname(path);
    if (this.#known.has(folder)) return folder;
    await this.#disk.mkdir(folder, { recursive: true, mode: 0o700 });
    for (let below = folder; below.length >= this.#directory.length; below = dirname(below))
      await this.#syncParent(below);
    this.#known.add(folder);
    return folder;
  }

  /** What lies above the store's own directory may be closed to us; then it was not we who made that name. */
  async #syncParent(path: string): Promise<void> {
    try {
      await syncDirectory(this.#disk, dirname(path));
    } catch (error) {
      if (path !== this.#directory || !hasCode(error, "EACCES")) throw error;
    }
  }

  async create(key: string): Promise<void> {
    const path = this.#path(key);
    const folder = await this.#prepare(path);
    const file = await this.#disk.open(path, "wx", 0o600);
    await file.close();
    await syncDirectory(this.#disk, folder);
  }

  async openWriter(key: string, offsetBytes: number, beforeCut: () => void = () => undefined): Promise<BlobWriter> {
    let file: DiskFile;
    try {
      file = await this.#disk.open(this.#path(key), "r+");
    } catch (error) {
      throw hasCode(error, "ENOENT") ? new BlobDamagedError(key, offsetBytes, null) : error;
    }
    try {
      const { size } = fstatSync(file.fd); // in memory once the file is open
      if (size < offsetBytes) throw new BlobDamagedError(key, offsetBytes, size);
      if (size > offsetBytes) {
        beforeCut();
        this.#disk.cut(file, offsetBytes);
      }
      return new FileWriter(file, offsetBytes);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async openReader(key: string): Promise<BlobReader | null> {
    try {
      const file = await this.#disk.open(this.#path(key), "r");
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

  async modifiedAt(key: string): Promise<Date | null> {
    try {
      return (await stat(this.#path(key))).mtime;
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
      await this.#disk.unlink(path);
    } catch (error) {
      if (hasCode(error, "ENOENT")) return;
      throw error;
    }
    await syncDirectory(this.#disk, dirname(path));
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
      const file = await this.#disk.open(draft, "wx", 0o600);
      try {
        await writeAll(file, content.byteLength === 0 ? [] : [content], 0);
        await file.sync();
      } finally {
        await file.close();
      }
      await this.#disk.link(draft, path);
    } finally {
      // One that stays counts for nothing, and must not hide how the rest ended.
      await this.#disk.unlink(draft).catch(() => undefined);
    }
    await syncDirectory(this.#disk, folder);
  }
}

/** Opens the store in a directory, making the directory when it is missing. */
export function openFileBlobStore(directory: string, disk = machineDisk): BlobStore {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return new FileBlobStore(resolve(directory), disk);
}
