import type { Stats } from "node:fs";
import { constants } from "node:fs";
import { type FileHandle, lstat, open } from "node:fs/promises";
import { Problem, systemCode } from "./problems.ts";

/**
 * What tells one state of a file from another. The change time is the kernel's own and cannot be set back, so a
 * rewrite in place with the old size and modification time shows too. The device number is left out: it may be
 * another one after a restart.
 */
export type FileIdentity = {
  sizeBytes: number;
  /** Milliseconds since 1970, with a fraction; finer than any file system's clock ticks. */
  modifiedMs: number;
  /** Milliseconds since 1970, with a fraction. Also moves on rename and chmod. */
  changedMs: number;
  inode: number;
};

/** The identity in a stat result. */
export function identityOf(stats: Stats): FileIdentity {
  return { sizeBytes: stats.size, modifiedMs: stats.mtimeMs, changedMs: stats.ctimeMs, inode: stats.ino };
}

/** True when nothing at all has changed. */
export function isSameIdentity(a: FileIdentity, b: FileIdentity): boolean {
  return (
    a.sizeBytes === b.sizeBytes && a.modifiedMs === b.modifiedMs && a.changedMs === b.changedMs && a.inode === b.inode
  );
}

/** Reads a file's identity by its path, never following a symbolic link. @throws Problem "file" */
export async function readIdentity(path: string): Promise<FileIdentity> {
  try {
    const stats = await lstat(path);
    if (stats.isFile()) return identityOf(stats);
    throw new Problem("file", `${path} is ${kindOf(stats)}; only regular files are uploaded.`);
  } catch (error) {
    throw fileProblem(path, error);
  }
}

/**
 * Opens a regular file for reading. Never follows a symbolic link in the last step and never waits at a FIFO.
 *
 * @throws Problem "file"
 */
export async function openRegularFile(path: string): Promise<FileHandle> {
  // Windows has neither flag; there, the check by path must do.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  await readIdentity(path);
  let handle: FileHandle;
  try {
    handle = await open(path, flags);
  } catch (error) {
    throw fileProblem(path, error);
  }
  const stats = await handle.stat();
  if (stats.isFile()) return handle;
  await handle.close();
  throw new Problem("file", `${path} is ${kindOf(stats)}; only regular files are uploaded.`);
}

/** The content of a regular file that has just so many bytes; null: it has not, or cannot be read. */
export async function readSmallFile(path: string, sizeBytes: number): Promise<Buffer | null> {
  const handle = await openRegularFile(path).catch(() => null);
  if (handle === null) return null;
  try {
    if ((await handle.stat()).size !== sizeBytes) return null;
    const bytes = Buffer.alloc(sizeBytes);
    const { bytesRead } = await handle.read(bytes, 0, sizeBytes, 0);
    return bytesRead === sizeBytes ? bytes : null;
  } catch {
    return null;
  } finally {
    await handle.close();
  }
}

/** Says in words what went wrong with a file. */
export function fileProblem(path: string, error: unknown): Problem {
  if (error instanceof Problem) return error;
  const words: Record<string, string> = {
    ENOENT: "does not exist",
    ENOTDIR: "does not exist",
    EACCES: "may not be read by this user",
    EPERM: "may not be read by this user",
    ELOOP: "is a symbolic link; give the file that it leads to",
    EIO: "cannot be read: the disk reports an error",
    ENAMETOOLONG: "has too long a name",
  };
  const code = systemCode(error);
  const says = (code === null ? undefined : words[code]) ?? `cannot be read (${code ?? String(error)})`;
  return new Problem("file", `${path} ${says}.`, { cause: error });
}

function kindOf(stats: Stats): string {
  if (stats.isSymbolicLink()) return "a symbolic link";
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a named pipe";
  if (stats.isSocket()) return "a socket";
  return "a device";
}
