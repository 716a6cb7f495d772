import type { Context } from "../context.ts";
import { authoriseOperator } from "../people/index.ts";

/**
 * Where a custody event stands in the log's tree, from 0; null: it has not entered it yet.
 *
 * @throws AppError unauthenticated, forbidden
 */
export async function findLeafIndex(ctx: Context, seq: string): Promise<number | null> {
  await authoriseOperator(ctx, "custody.read");
  const leaf = await ctx.db.logLeaf.findUnique({ where: { seq: BigInt(seq) }, select: { index: true } });
  return leaf === null ? null : Number(leaf.index);
}
