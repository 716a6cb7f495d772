import { createHash } from "node:crypto";
import type { Context } from "../context.ts";
import { AppError } from "../errors.ts";
import { PdfCheck } from "./pdf-check.ts";

/** What is known of a stored order. */
export type StoredOrder = { sizeBytes: number; sha256: Buffer<ArrayBuffer> };

/** Where the order of a request is kept. */
export function orderKey(requestId: string): string {
  return `orders/${requestId}.pdf`;
}

function tooLarge(maxBytes: number): AppError {
  const mebibytes = Math.floor(maxBytes / 1024 / 1024);
  const limit = mebibytes > 0 ? `${mebibytes} MiB` : `${maxBytes} bytes`;
  return new AppError("too_large", `The order may have at most ${limit}.`, { field: "order" });
}

/**
 * Streams an order into storage, durably, before the request's row exists. Write order: bytes, sync, then the row
 * (by the caller). A crash in between leaves a blob that no row names, under an id that is never given again; it is
 * never read. Anything refused is removed at once.
 *
 * @throws AppError too_large beyond `maxBytes`, unsupported_media_type when it is no PDF
 */
export async function storeOrder(
  ctx: Context,
  requestId: string,
  content: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<StoredOrder> {
  const key = orderKey(requestId);
  await ctx.storage.create(key);
  try {
    const writer = await ctx.storage.openWriter(key, 0);
    try {
      const check = new PdfCheck();
      const hash = createHash("sha256");
      let sizeBytes = 0;
      for await (const chunk of content) {
        sizeBytes += chunk.length;
        if (sizeBytes > maxBytes) throw tooLarge(maxBytes);
        check.push(chunk);
        hash.update(chunk);
        await writer.write([chunk]);
      }
      check.end();
      await writer.sync();
      return { sizeBytes, sha256: hash.digest() };
    } finally {
      await writer.close();
    }
  } catch (error) {
    await removeOrder(ctx, requestId);
    throw error;
  }
}

/** Removes an order that no row will name. Failing to is logged only: the caller has a better error to report. */
export async function removeOrder(ctx: Context, requestId: string): Promise<void> {
  try {
    await ctx.storage.remove(orderKey(requestId));
  } catch (error) {
    ctx.log.warn({ requestId, error }, "an order without request could not be removed");
  }
}
