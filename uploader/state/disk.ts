import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { systemCode } from "../problems.ts";

/** An open file of the state folder. */
export interface StateFile {
  /** Writes all of it, or fails. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Fewer bytes than asked only at the end of the file. */
  read(position: number, lengthBytes: number): Promise<Buffer>;
  sizeBytes(): Promise<number>;
  truncate(lengthBytes: number): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** `create`: empty, whatever was there; `append`: what is there, made when nothing is; `read`: must be there. */
export type OpenMode = "create" | "append" | "read";

/**
 * The calls by which the uploader changes its state folder. A seam for one reason: tests put a disk below that fails,
 * fills up, or loses what was not synced when its power is cut.
 */
export interface StateDisk {
  open(path: string, mode: OpenMode): Promise<StateFile>;
  /** Names in a folder; none when it does not exist. */
  list(folder: string): Promise<string[]>;
  makeFolder(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; nothing happens when there is none. */
  remove(path: string): Promise<void>;
  /** Makes names that came and went in a folder survive a power cut. */
  syncFolder(path: string): Promise<void>;
}

const flags: Record<OpenMode, number> = {
  create: constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC,
  append: constants.O_RDWR | constants.O_CREAT,
  read: constants.O_RDONLY,
};

/** The machine's own. */
export const machineDisk: StateDisk = {
  open: async (path, mode) => fileOf(await open(path, flags[mode], 0o600)),
  list: (folder) =>
    readdir(folder).catch((error: unknown) => {
      if (systemCode(error) === "ENOENT") return [];
      throw error;
    }),
  makeFolder: async (path) => void (await mkdir(path, { recursive: true, mode: 0o700 })),
  rename,
  remove: (path) => rm(path, { force: true }),
  syncFolder: async (path) => {
    // Windows has no such call and needs none.
    if (process.platform === "win32") return;
    const handle = await open(path, "r");
    await handle.sync().finally(() => handle.close());
  },
};

function fileOf(handle: FileHandle): StateFile {
  return {
    write: async (bytes, position) => {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, position + at);
        at += bytesWritten;
      }
    },
    read: async (position, lengthBytes) => {
      const buffer = Buffer.allocUnsafe(lengthBytes);
      let at = 0;
      while (at < lengthBytes) {
        const { bytesRead } = await handle.read(buffer, at, lengthBytes - at, position + at);
        if (bytesRead === 0) break;
        at += bytesRead;
      }
      return buffer.subarray(0, at);
    },
    sizeBytes: async () => (await handle.stat()).size,
    truncate: (lengthBytes) => handle.truncate(lengthBytes),
    sync: () => handle.sync(),
    close: () => handle.close(),
  };
}

/**
 * Puts a whole file in place so that it survives a power cut: write beside it, sync, rename, sync the folder. The
 * path holds the old or the new content, never a mixture.
 */
export async function placeFile(
  disk: StateDisk,
  folder: string,
  name: string,
  content: string | Uint8Array,
): Promise<void> {
  const temporary = `${folder}/${name}.new`;
  try {
    const file = await disk.open(temporary, "create");
    try {
      await file.write(typeof content === "string" ? Buffer.from(content) : content, 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await disk.rename(temporary, `${folder}/${name}`);
  } catch (error) {
    await disk.remove(temporary).catch(() => undefined);
    throw error;
  }
  await disk.syncFolder(folder);
}

/** The content of a file; null when it does not exist. */
export async function readWhole(disk: StateDisk, path: string): Promise<Buffer | null> {
  let file: StateFile;
  try {
    file = await disk.open(path, "read");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return null;
    throw error;
  }
  try {
    return await file.read(0, await file.sizeBytes());
  } finally {
    await file.close();
  }
}
