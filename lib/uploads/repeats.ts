import type { Context, Transaction } from "../context.ts";
import { recordEvent } from "../custody/index.ts";

type Sealing = { id: string; deviceId: string };

/**
 * The recording of the same device that was sealed first with these bytes; null: this one is the first. The device's
 * lock makes two that are sealed at once come one after the other.
 */
export async function findFirst(
  tx: Transaction,
  { id, deviceId }: Sealing,
  found: { sha256: string; sizeBytes: number },
): Promise<string | null> {
  await tx.$queryRaw`SELECT 1 FROM device WHERE id = ${deviceId} FOR NO KEY UPDATE`;
  const first = await tx.recording.findFirst({
    where: {
      deviceId,
      sha256: Buffer.from(found.sha256, "hex"),
      sizeBytes: BigInt(found.sizeBytes),
      state: "sealed",
      repeatOfId: null,
      id: { not: id },
    },
    orderBy: [{ sealedAt: "asc" }, { id: "asc" }],
    select: { id: true },
  });
  return first?.id ?? null;
}

/** Lets the oldest repeat of a recording that is not sound any more stand for all of them. */
export async function promoteRepeat(ctx: Context, tx: Transaction, { id, deviceId }: Sealing): Promise<void> {
  await tx.$queryRaw`SELECT 1 FROM device WHERE id = ${deviceId} FOR NO KEY UPDATE`;
  const next = await tx.recording.findFirst({
    where: { repeatOfId: id, state: "sealed" },
    orderBy: [{ sealedAt: "asc" }, { id: "asc" }],
    select: { id: true },
  });
  if (next === null) return;
  await tx.recording.updateMany({ where: { id: next.id }, data: { repeatOfId: null } });
  await tx.recording.updateMany({ where: { repeatOfId: id }, data: { repeatOfId: next.id } });
  const details = { insteadOf: id };
  await recordEvent(ctx, tx, { action: "recording.promoted", recordingId: next.id, deviceId, details });
}
