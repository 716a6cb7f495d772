import type { Readable } from "node:stream";

/** A key is a short path of ours such as recordings/R-7K2M4-0418Q: letters, digits, dots, dashes, slashes. */
export type BlobKey = string;

/** An open blob that grows. One writer at a time; the lease in the database sees to it. */
export interface BlobWriter {
  /** Writes all buffers in order, after what was written before. Nothing is durable before `sync`. One call at a time. */
  write(buffers: readonly Uint8Array[]): Promise<void>;
  /**
   * Makes all bytes durable (fdatasync) whose `write` had ended when this was called. May run beside a `write`,
   * so that receiving does not wait for the medium.
   */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** A blob open for reading, for callers that bring their own memory and so read at the medium's speed. */
export interface BlobReader {
  readonly sizeBytes: number;
  /** Fills `into` from a position as far as it goes; returns how many bytes, 0 only at the end. */
  read(into: Uint8Array, positionBytes: number): Promise<number>;
  close(): Promise<void>;
}

/** Bytes that the database promises are not in storage: damage, never to be passed over in silence. */
export class BlobDamagedError extends Error {
  readonly key: BlobKey;
  readonly expectedBytes: number;
  /** Null: there is no blob at all. */
  readonly actualBytes: number | null;

  constructor(key: BlobKey, expectedBytes: number, actualBytes: number | null) {
    super(`Blob ${key} should have ${expectedBytes} bytes and has ${actualBytes ?? "vanished"}`);
    this.name = "BlobDamagedError";
    this.key = key;
    this.expectedBytes = expectedBytes;
    this.actualBytes = actualBytes;
  }
}

/**
 * Where evidence bytes are kept. An implementation
 * - reports an error of the medium as it is (ENOSPC, EIO), and then has made nothing durable that was not before;
 * - never holds a file whole in memory;
 * - makes `create`, `put` and `remove` durable themselves (the directory entry too) before they return;
 * - refuses a key that is none of ours before it reaches the medium.
 * lib/storage/conformance.ts is the suite that every implementation passes.
 */
export interface BlobStore {
  /** Makes an empty blob; an existing one is an error (EEXIST). */
  create(key: BlobKey): Promise<void>;
  /**
   * Opens a blob to append at `offsetBytes`, cutting off what lies behind it.
   * @param beforeCut called at the last moment before something is cut off, without a pause in between; may throw. Opening
   *   may have taken so long that somebody else has written meanwhile, and what lies behind was acknowledged
   * @throws BlobDamagedError when the blob is shorter than `offsetBytes`: acknowledged bytes are missing
   */
  openWriter(key: BlobKey, offsetBytes: number, beforeCut?: () => void): Promise<BlobWriter>;
  /** Opens a blob for reading; null when there is none. */
  openReader(key: BlobKey): Promise<BlobReader | null>;
  /** Streams bytes `start` to `end`, both inclusive, as in HTTP ranges. */
  read(key: BlobKey, range?: { start: number; end: number }): Readable;
  /** Length in bytes; null when there is no such blob. */
  size(key: BlobKey): Promise<number | null>;
  /** When a blob was written last, by the medium's clock; null when there is no such blob. */
  modifiedAt(key: BlobKey): Promise<Date | null>;
  /** Keys below a prefix, in no order. */
  list(prefix: string): AsyncIterable<BlobKey>;
  /** Removes a blob; one that is not there is no error. */
  remove(key: BlobKey): Promise<void>;
  /** Bytes that can still be stored; null when the medium does not tell. */
  freeBytes(): Promise<number | null>;
  /** Writes a small blob at once, durably, replacing nothing (EEXIST). */
  put(key: BlobKey, content: Uint8Array): Promise<void>;
}
