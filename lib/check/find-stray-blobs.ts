import type { Context } from "../context.ts";
import { parseId } from "../ids.ts";
import type { Problem } from "./types.ts";

const batchSize = 500;

/**
 * Blobs that no row names. A blob is made before its row, so what an announcement that was cut off left behind
 * is harmless; a blob of a moment ago is given the time to get its row.
 */
export async function findStrayBlobs(ctx: Context): Promise<Problem[]> {
  const first = await collect(ctx, ctx.storage.list("recordings/"));
  if (first.length === 0) return [];
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const still = await withoutRow(ctx, first);
  return still.map((subject) => ({
    code: "blob_without_row",
    subject,
    found: "A file in storage that no recording names.",
    mend: "Left behind when an announcement was cut off, or its row was lost. Compare with a backup, then move it away.",
  }));
}

async function collect(ctx: Context, keys: AsyncIterable<string>): Promise<string[]> {
  const stray: string[] = [];
  let batch: string[] = [];
  for await (const key of keys) {
    batch.push(key);
    if (batch.length < batchSize) continue;
    stray.push(...(await withoutRow(ctx, batch)));
    batch = [];
  }
  return [...stray, ...(await withoutRow(ctx, batch))];
}

async function withoutRow(ctx: Context, keys: string[]): Promise<string[]> {
  const idOf = (key: string) => parseId("recording", key.slice(key.lastIndexOf("/") + 1)) ?? "";
  const rows = await ctx.db.recording.findMany({ where: { id: { in: keys.map(idOf) } }, select: { id: true } });
  const known = new Set(rows.map((row) => row.id));
  return keys.filter((key) => !known.has(idOf(key)));
}
