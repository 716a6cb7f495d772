import { isDeepStrictEqual } from "node:util";
import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import type { ReadFilter } from "./conditions.ts";

/** Turning pages and coming back within this time is the same reading. */
const sameReadingMs = 10 * 60_000;

/** Records that the log was read with this filter, unless the same person's last reading was the same. */
export async function recordReading(
  ctx: Context,
  filter: ReadFilter,
  kind: "page" | "export" | "entries" = "page",
): Promise<void> {
  const details = { kind, filter: JSON.parse(JSON.stringify(filter)) as Record<string, string> }; // dates become text
  if (ctx.actor.kind === "person" && kind !== "export") {
    const last = await ctx.db.custodyEvent.findFirst({
      where: { actorId: ctx.actor.accountId, action: "log.read" },
      orderBy: { seq: "desc" },
    });
    const isRecent = last !== null && ctx.clock.now().getTime() - last.at.getTime() < sameReadingMs;
    if (isRecent && isDeepStrictEqual(last.details, details)) return;
  }
  await ctx.db.$transaction((tx) => recordEvent(ctx, tx, { action: "log.read", details }));
}
