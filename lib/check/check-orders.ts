import { createHash } from "node:crypto";
import { orderKey } from "../access/index.ts";
import type { Context } from "../context.ts";
import { sha256HexOf } from "../protocol/index.ts";
import type { CheckDepth, CheckReport, Problem } from "./types.ts";

const batchSize = 500;
const mend = "Restore the file from a backup; the request's decision rests on it.";

type Order = { id: string; orderSizeBytes: number; orderSha256: Uint8Array };

/** The problems of all attached orders. */
export async function checkOrders(
  ctx: Context,
  reaches: (depth: CheckDepth) => boolean,
  report: CheckReport,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  let last = "";
  for (;;) {
    const requests = await ctx.db.request.findMany({
      where: { id: { gt: last } },
      orderBy: { id: "asc" },
      take: batchSize,
      select: { id: true, orderSizeBytes: true, orderSha256: true },
    });
    for (const request of requests) {
      const found = await judge(ctx, request, reaches, report);
      report.orders += 1;
      if (found !== null) problems.push(found);
    }
    const end = requests.at(-1);
    if (end === undefined) return problems;
    last = end.id;
  }
}

async function judge(
  ctx: Context,
  { id: subject, orderSizeBytes, orderSha256 }: Order,
  reaches: (depth: CheckDepth) => boolean,
  report: CheckReport,
): Promise<Problem | null> {
  const key = orderKey(subject);
  const size = await ctx.storage.size(key);
  if (size === null) return { code: "order_missing", subject, found: `Its order ${key} is not in storage.`, mend };
  if (!reaches("size")) return null;
  if (size !== orderSizeBytes) {
    const found = `Its order has ${size} bytes, and its row says ${orderSizeBytes}.`;
    return { code: "order_differs", subject, found, mend };
  }
  if (!reaches("digest")) return null;
  const hash = createHash("sha256");
  for await (const piece of ctx.storage.read(key)) hash.update(piece);
  report.bytesRead += size;
  if (hash.digest("hex") === sha256HexOf(orderSha256)) return null;
  return { code: "order_differs", subject, found: "Its order is not the file that was attached.", mend };
}
