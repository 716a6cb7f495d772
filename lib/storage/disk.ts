import { ftruncateSync } from "node:fs";
import { link, mkdir, open, unlink } from "node:fs/promises";

/** An open file, or a directory that is open to be synced. */
export interface DiskFile {
  /** For what reads beside this seam, such as its length. */
  readonly fd: number;
  writev(buffers: readonly Uint8Array[], positionBytes: number): Promise<{ bytesWritten: number }>;
  read(
    into: Uint8Array,
    offsetBytes: number,
    lengthBytes: number,
    positionBytes: number,
  ): Promise<{ bytesRead: number }>;
  datasync(): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The calls by which the store on files changes its medium. A seam for one reason: tests put a disk below the store
 * that fails, fills up, or loses what was not synced when its power is cut.
 */
export interface Disk {
  open(path: string, flags: string, mode?: number): Promise<DiskFile>;
  mkdir(path: string, options: { recursive: true; mode: number }): Promise<string | undefined>;
  /** Cuts a file at once: nothing can come between this and what the caller has just looked at. */
  cut(file: DiskFile, lengthBytes: number): void;
  link(existing: string, path: string): Promise<void>;
  unlink(path: string): Promise<void>;
}

/** The machine's own. */
export const machineDisk: Disk = {
  open,
  mkdir,
  link,
  unlink,
  cut: (file, lengthBytes) => ftruncateSync(file.fd, lengthBytes),
};
