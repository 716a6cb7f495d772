import type { Readable } from "node:stream";

/** Why no more bytes come. */
export type EndReason =
  /** The body was whole. */
  | "whole"
  /** The connection broke. */
  | "cut_off"
  /** No byte for too long. */
  | "idle"
  /** Too few bytes for too long. */
  | "too_slow"
  /** The device was suspended or revoked. */
  | "refused"
  /** A newer request wants the upload. */
  | "given_way"
  /** The server is stopping. */
  | "stopping"
  /** The body went past the declared length. */
  | "too_long"
  /** Writing or committing failed. */
  | "failed";

/** Most bytes that are written at once; each write costs a trip to another thread. */
const maxBatchBytes = 512 * 1024;
/** Shared by all bodies that arrive at once, so that many of them need no more memory than some. */
const allBatchesBytes = 16 * 1024 * 1024;
const minBatchBytes = 64 * 1024;

/** How much one of so many bodies collects before it is written. */
export function batchBytesOf(bodies: number): number {
  return Math.max(minBatchBytes, Math.min(maxBatchBytes, Math.floor(allBatchesBytes / bodies)));
}

/**
 * Collects a request body into batches. While one batch is being written the next fills; at twice its size the
 * body is paused, so memory is bounded and the sender feels the disk. What has arrived when the body ends, in
 * whatever way, is still handed out.
 */
export class Inbox {
  readonly #body: Readable;
  readonly #batchBytes: number;
  #leftBytes: number;
  #buffers: Uint8Array[] = [];
  #heldBytes = 0;
  #ended: EndReason | null = null;
  #wake: (() => void) | null = null;
  #receivedBytes = 0;
  /** Since when, and from how many bytes on, the sender's speed is measured. */
  #measuredFrom = { at: performance.now(), bytes: 0 };
  #lastByteAt = performance.now();

  /**
   * @param maxBytes how many bytes this body may bring
   * @param batchBytes how many are worth a write
   */
  constructor(body: Readable, maxBytes: number, batchBytes = minBatchBytes) {
    this.#body = body;
    this.#leftBytes = maxBytes;
    this.#batchBytes = batchBytes;
    body.on("data", this.#onData);
    body.once("end", () => this.stop("whole"));
    body.once("close", () => this.stop("cut_off"));
    body.on("error", () => this.stop("cut_off"));
    if (body.destroyed) this.stop("cut_off");
    else if (body.readableEnded) this.stop("whole");
  }

  /** Why the body ended; null while it runs. */
  get ended(): EndReason | null {
    return this.#ended;
  }

  /**
   * When the last byte came, on the clock of `performance.now()`. While it is we who keep a sender waiting, nobody can
   * tell whether it is silent.
   */
  get lastByteAt(): number {
    return this.#body.isPaused() ? performance.now() : this.#lastByteAt;
  }

  #onData = (buffer: Uint8Array) => {
    this.#lastByteAt = performance.now();
    if (buffer.byteLength > this.#leftBytes) return this.stop("too_long");
    this.#leftBytes -= buffer.byteLength;
    this.#receivedBytes += buffer.byteLength;
    this.#buffers.push(buffer);
    this.#heldBytes += buffer.byteLength;
    if (this.#heldBytes >= 2 * this.#batchBytes) this.#body.pause();
    if (this.#heldBytes >= this.#batchBytes) this.#rouse();
  };

  #rouse(): void {
    this.#wake?.();
    this.#wake = null;
  }

  /** Ends the intake; the first reason stands. */
  stop(reason: EndReason): void {
    if (this.#ended !== null) return;
    this.#ended = reason;
    this.#body.off("data", this.#onData);
    this.#rouse();
  }

  /** Ends a body whose sender is silent or far too slow, so that nobody can hold the server for nothing. */
  judge({ idleMs, slowMs, slowBytes }: { idleMs: number; slowMs: number; slowBytes: number }): void {
    const now = performance.now();
    if (this.#body.isPaused()) this.#measuredFrom = { at: now, bytes: this.#receivedBytes };
    if (now - this.lastByteAt > idleMs) this.stop("idle");
    if (now - this.#measuredFrom.at < slowMs) return;
    if (this.#receivedBytes - this.#measuredFrom.bytes < slowBytes) this.stop("too_slow");
    this.#measuredFrom = { at: now, bytes: this.#receivedBytes };
  }

  /** Hands out a batch that is smaller than worth while, so that no byte waits longer than between two calls. */
  nudge(): void {
    if (this.#heldBytes > 0) this.#rouse();
  }

  /** All bytes that have arrived, waiting for a batch worth writing; null when the body ended and all were taken. */
  async take(): Promise<Uint8Array[] | null> {
    if (this.#heldBytes < this.#batchBytes && this.#ended === null) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#heldBytes === 0) return null;
    const batch = this.#buffers;
    this.#buffers = [];
    this.#heldBytes = 0;
    if (this.#ended === null && this.#body.isPaused()) {
      this.#lastByteAt = performance.now();
      this.#body.resume();
    }
    return batch;
  }
}
