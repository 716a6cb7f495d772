import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError } from "../errors.ts";
import { findStrays, type Stray } from "./find-stray-blobs.ts";

const dayMs = 86_400_000;
/** Nothing of an announcement takes so long between its blob and its row. */
const emptyKeptMs = dayMs;
/** Orders and sidecars are whole before their row: after a restore one may be the only trace of a row that was lost. */
const wholeKeptMs = 30 * dayMs;
/** Blobs that one custody event names. */
const namedAtOnce = 100;

/**
 * Job `storage.sweep`: removes what ended uploads and announcements that were cut off left behind. Custody names each
 * blob before it goes. Never one that a row stands for, and never bytes whose row is missing: that row may be what was
 * lost. Safe to run twice and beside everything.
 *
 * @returns how many blobs were removed
 * @throws AppError forbidden for anyone but the archive itself
 */
export async function sweepBlobs(ctx: Context, signal?: AbortSignal): Promise<number> {
  if (ctx.actor.kind !== "system") throw new AppError("forbidden", "Only the archive itself does this.");
  const due: string[] = [];
  for (const [key, stray] of await findStrays(ctx)) if (await isDue(ctx, key, stray)) due.push(key);
  let removed = 0;
  for (let from = 0; from < due.length && signal?.aborted !== true; from += namedAtOnce) {
    const keys = due.slice(from, from + namedAtOnce);
    await ctx.db.$transaction((tx) => recordEvent(ctx, tx, { action: "storage.swept", details: { keys } }));
    for (const key of keys) {
      // One that does not go stays for the next time; the others must not wait for it.
      await ctx.storage.remove(key).then(
        () => {
          removed += 1;
        },
        (error: unknown) => ctx.log.error({ err: error, key }, "a blob that was left behind could not be removed"),
      );
    }
  }
  return removed;
}

async function isDue(ctx: Context, key: string, stray: Stray): Promise<boolean> {
  // A final state: an upload that was ended stays so.
  if (stray === "blob_left_over") return true;
  const modifiedAt = await ctx.storage.modifiedAt(key);
  if (modifiedAt === null) return false;
  const ageMs = ctx.clock.now().getTime() - modifiedAt.getTime();
  if (key.startsWith("orders/") || key.startsWith("sidecars/")) return ageMs > wholeKeptMs;
  return ageMs > emptyKeptMs && (await ctx.storage.size(key)) === 0;
}
