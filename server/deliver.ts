import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { ByteRange, DeliveryEnd, OpenContent } from "../lib/recordings/index.ts";

/** One stretch of an answer: text between parts, or bytes of the file. */
export type Stretch = Uint8Array | ByteRange;

const bufferBytes = 512 * 1024;
const bufferCount = 3;
/** How often the right to read is checked while bytes flow. */
const checkEveryMs = 1_000;
/** A client that takes no byte for this long is gone. */
const stallMs = 120_000;

function lengthOf(stretch: Stretch): number {
  return stretch instanceof Uint8Array ? stretch.byteLength : stretch.end - stretch.start + 1;
}

/** Content-Length of an answer made of these. */
export function totalLength(stretches: readonly Stretch[]): number {
  return stretches.reduce((sum, stretch) => sum + lengthOf(stretch), 0);
}

/**
 * Sends stretches at the speed of the disk or the client, with a fixed amount of memory: a buffer is read into
 * again once the kernel has taken what was in it.
 */
class Delivery {
  readonly #response: ServerResponse;
  readonly #content: OpenContent;
  readonly #buffers = Array.from({ length: bufferCount }, () => Buffer.allocUnsafeSlow(bufferBytes));
  readonly #taken: Promise<void>[] = [];
  /** Writes that the kernel has not taken yet. */
  readonly #waiting = new Set<() => void>();
  #end: DeliveryEnd | null = null;
  #turn = 0;
  #isChecking = false;
  #movedAt = performance.now();
  bytesServed = 0;

  constructor(response: ServerResponse, content: OpenContent) {
    this.#response = response;
    this.#content = content;
  }

  async run(stretches: readonly Stretch[]): Promise<DeliveryEnd> {
    const timer = setInterval(() => void this.#check(), checkEveryMs);
    this.#response.once("close", () => {
      if (!this.#response.writableFinished) this.#end ??= "left";
      // A write between the socket's end and this event is kept by Node, and its callback never called.
      for (const settle of this.#waiting) settle();
    });
    try {
      for (const stretch of stretches) {
        if (stretch instanceof Uint8Array) await this.#write(stretch, 0);
        else await this.#sendRange(stretch);
        if (this.#end !== null) break;
      }
      if (this.#end === null) {
        this.#response.end();
        await Promise.race([once(this.#response, "finish"), once(this.#response, "close")]);
      }
      await Promise.all(this.#taken);
      return this.#end ?? "whole";
    } finally {
      clearInterval(timer);
    }
  }

  /** One at a time: a slow database is not asked again by each of many downloads. */
  async #check(): Promise<void> {
    if (this.#isChecking) return;
    this.#isChecking = true;
    const right = await this.#content.isStillAllowed().catch(() => null);
    this.#isChecking = false;
    if (this.#end !== null) return;
    if (right === true && performance.now() - this.#movedAt < stallMs) return;
    // Without an answer no more bytes leave either, but nobody withdrew anything.
    this.#end = right === true ? "left" : right === false ? "withdrawn" : "failed";
    this.#response.destroy();
  }

  async #sendRange({ start, end }: ByteRange): Promise<void> {
    for (let at = start; at <= end && this.#end === null; ) {
      const turn = this.#turn++ % bufferCount;
      await this.#taken[turn];
      const buffer = this.#buffers[turn]?.subarray(0, Math.min(bufferBytes, end - at + 1)) ?? Buffer.alloc(0);
      const read = await this.#content.reader.read(buffer, at);
      if (read < buffer.byteLength) throw new Error(`the file ended at ${at + read}`);
      this.#taken[turn] = this.#write(buffer, read);
      at += read;
    }
  }

  /** Settles when the kernel has the bytes, or nobody wants them any more. */
  #write(bytes: Uint8Array, countedBytes: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#end !== null || this.#response.destroyed) return resolve();
      const settle = () => {
        this.#waiting.delete(settle);
        resolve();
      };
      this.#waiting.add(settle);
      this.#response.write(bytes, (error) => {
        if (!error) {
          this.bytesServed += countedBytes;
          this.#movedAt = performance.now();
        }
        settle();
      });
    });
  }
}

/** Sends an answer's bytes, and says in custody how it ended. The head must be set already. */
export async function deliver(response: ServerResponse, content: OpenContent, stretches: readonly Stretch[]) {
  const delivery = new Delivery(response, content);
  let how: DeliveryEnd = "failed";
  try {
    how = await delivery.run(stretches);
  } catch (error) {
    response.destroy();
    throw error;
  } finally {
    await content.close({ bytesServed: delivery.bytesServed, how });
  }
}
