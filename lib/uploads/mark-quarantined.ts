import type { Prisma } from "../../generated/prisma/client.ts";
import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { promoteRepeat } from "./repeats.ts";

/** Why a recording is in quarantine. Stable codes, named in docs/storage.md. */
export type QuarantineReason =
  | "missing"
  | "length_mismatch"
  | "chunk_mismatch"
  | "digest_mismatch"
  /** Its bytes are as promised; its device was not to be believed any more when it brought them. */
  | "device_untrusted";

/** What was found about a recording. */
export type Finding = { reason: QuarantineReason; details: Prisma.InputJsonObject };

/** What is to be quarantined, in the state that it must still have. */
export type Suspect = { id: string; state: "received" | "sealed"; deviceId: string };

/**
 * Quarantines a recording and says so in custody, in one transaction.
 *
 * @param sha256 of the bytes as they were read; null: unknown. What was sealed stays on record
 * @returns false when it is in another state by now
 */
export async function markQuarantined(
  ctx: Context,
  suspect: Suspect,
  finding: Finding,
  sha256: string | null,
): Promise<boolean> {
  const { id, state } = suspect;
  return ctx.db.$transaction(async (tx) => {
    const { count } = await tx.recording.updateMany({
      where: { id, state },
      data: {
        state: "quarantined",
        quarantinedAt: ctx.clock.now(),
        quarantineReason: finding.reason,
        repeatOfId: null,
        ...(state === "sealed" ? {} : { sha256: sha256 === null ? null : Buffer.from(sha256, "hex") }),
      },
    });
    if (count === 0) return false;
    const details = { reason: finding.reason, from: state, ...finding.details };
    await recordEvent(ctx, tx, { action: "recording.quarantined", outcome: "failed", recordingId: id, details });
    if (state === "sealed") await promoteRepeat(ctx, tx, suspect);
    return true;
  });
}
