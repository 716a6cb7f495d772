import type { Readable } from "node:stream";

/** A key is a short path of ours such as recordings/R-7K2M4-0418Q: letters, digits, dots, dashes, slashes. */
export type BlobKey = string;

/** An open file that grows. One writer at a time; the lease in the database sees to it. */
export interface BlobWriter {
  /** Writes at the position after the last write. Nothing is durable before `sync`. */
  write(buffer: Uint8Array): Promise<void>;
  /** Makes all written bytes durable (fdatasync). */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Where evidence bytes are kept. An implementation
 * - reports an error of the medium as it is (ENOSPC, EIO), and then has made nothing durable that was not before;
 * - never holds a file whole in memory;
 * - makes `create` and `remove` durable themselves (the directory entry too) before they return.
 * lib/storage/conformance.ts is the suite that every implementation passes.
 */
export interface BlobStore {
  /** Makes an empty blob; an existing one is an error (EEXIST). */
  create(key: BlobKey): Promise<void>;
  /**
   * Opens a blob to append at `offsetBytes`, cutting off what lies behind it.
   * @throws AppError internal when the blob is shorter than `offsetBytes`: acknowledged bytes are missing
   */
  openWriter(key: BlobKey, offsetBytes: number): Promise<BlobWriter>;
  /** Streams bytes `start` to `end`, both inclusive, as in HTTP ranges. */
  read(key: BlobKey, range?: { start: number; end: number }): Readable;
  /** Length in bytes; null when there is no such blob. */
  size(key: BlobKey): Promise<number | null>;
  /** Keys below a prefix, in no order. */
  list(prefix: string): AsyncIterable<BlobKey>;
  /** Removes a blob; one that is not there is no error. */
  remove(key: BlobKey): Promise<void>;
  /** Bytes that can still be stored; null when the medium does not tell. */
  freeBytes(): Promise<number | null>;
  /** Writes a small blob at once, durably, replacing nothing (EEXIST). */
  put(key: BlobKey, content: Uint8Array): Promise<void>;
}
