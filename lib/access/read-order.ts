import type { Readable } from "node:stream";
import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError, notFound } from "../errors.ts";
import { requireId } from "../input.ts";
import { authorise } from "../people/index.ts";
import { maySee, transact } from "./internal.ts";
import { orderKey } from "./order-file.ts";

/** An order on its way to one reader. Serve it as a download only, never inline. */
export type OrderContent = { fileName: string; sizeBytes: number; sha256: Uint8Array; content: Readable };

/**
 * An officer, or the requester themself, reads the attached order. Custody keeps that they did before the first
 * byte leaves.
 *
 * @throws AppError not_found, unavailable when storage does not hold the order
 */
export async function readOrder(ctx: Context, requestId: string): Promise<OrderContent> {
  const person = await authorise(ctx, "requests.order");
  const id = requireId("request", requestId);
  const request = await ctx.db.request.findUnique({ where: { id } });
  if (request === null || !maySee(person, request)) throw notFound("request");
  const sizeBytes = await ctx.storage.size(orderKey(request.id));
  if (sizeBytes !== request.orderSizeBytes) {
    throw new AppError("unavailable", "The order cannot be read from storage. Tell the administrator.", {
      internal: `${orderKey(request.id)} has ${sizeBytes} bytes, its row says ${request.orderSizeBytes}`,
    });
  }
  await transact(ctx, (tx) => recordEvent(ctx, tx, { action: "request.order_read", requestId: request.id }));
  return {
    fileName: request.orderFileName,
    sizeBytes,
    sha256: request.orderSha256,
    content: ctx.storage.read(orderKey(request.id)),
  };
}
