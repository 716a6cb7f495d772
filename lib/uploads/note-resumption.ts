import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { subjectOf } from "./internal.ts";
import type { Lease } from "./lease.ts";

/**
 * Says in custody that an upload goes on after an interruption. One whose server was killed could not say that
 * it was interrupted; the lease that it left behind tells.
 */
export async function noteResumption(ctx: Context, lease: Lease): Promise<void> {
  const { id, offsetBytes } = lease.upload;
  if (!lease.wasLeftBehind && !(await endedInterrupted(ctx, lease))) return;
  await ctx.db.$transaction(async (tx) => {
    if (lease.wasLeftBehind) {
      await tx.upload.update({ where: { id, fence: lease.fence }, data: { interruptions: { increment: 1 } } });
    }
    const details = { uploadId: id, offsetBytes, after: lease.wasLeftBehind ? "server_lost" : "interruption" };
    await recordEvent(ctx, tx, { action: "upload.resumed", ...subjectOf(lease.upload), details });
  });
  lease.wasLeftBehind = false;
}

async function endedInterrupted(ctx: Context, lease: Lease): Promise<boolean> {
  if (lease.interruptions === 0) return false;
  const last = await ctx.db.custodyEvent.findFirst({
    // A part has no recording to be found by; the newest events of its device hold the answer.
    where: {
      ...subjectOf(lease.upload),
      details: { path: ["uploadId"], equals: lease.upload.id },
      action: { startsWith: "upload." },
    },
    orderBy: { seq: "desc" },
    select: { action: true },
  });
  return last?.action === "upload.interrupted";
}
