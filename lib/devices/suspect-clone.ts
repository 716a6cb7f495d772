import { createHash } from "node:crypto";
import type { Prisma } from "../../generated/prisma/client.ts";
import type { Context, Transaction } from "../context.ts";
import { recordEvent } from "../custody/index.ts";

const dayMs = 24 * 3_600_000;
/** Suspicions a day that custody is told of while the device is marked: whoever has the key can make up any number. */
const perDay = 20;

/**
 * Marks a device as one that seems to be two, until somebody has looked into it, and tells custody once of each reason.
 *
 * @param reason the same text for the same reason
 */
export async function suspectClone(
  ctx: Context,
  tx: Transaction,
  deviceId: string,
  { reason, details }: { reason: string; details: Prisma.InputJsonObject },
): Promise<void> {
  const foundAt = ctx.clock.now();
  const { cloneSuspectedAt } = await tx.device.findUniqueOrThrow({
    where: { id: deviceId },
    select: { cloneSuspectedAt: true },
  });
  const recent = { deviceId, foundAt: { gt: new Date(foundAt.getTime() - dayMs) } };
  if (cloneSuspectedAt !== null && (await tx.deviceClone.count({ where: recent })) >= perDay) return;
  const pair = new Uint8Array(createHash("sha256").update(reason).digest());
  const { count } = await tx.deviceClone.createMany({ data: [{ deviceId, pair, foundAt }], skipDuplicates: true });
  if (count === 0) return;
  await tx.device.updateMany({ where: { id: deviceId, cloneSuspectedAt: null }, data: { cloneSuspectedAt: foundAt } });
  await recordEvent(ctx, tx, { action: "device.clone_suspected", deviceId, details });
}

/**
 * The same for a key that has handed over and is used all the same: whoever changed the device's key and whoever uses
 * the old one are two, and one of them stole it.
 */
export async function suspectOldKey(
  ctx: Context,
  tx: Transaction,
  deviceId: string,
  { kid, nextKid }: { kid: string; nextKid: string },
): Promise<void> {
  await suspectClone(ctx, tx, deviceId, { reason: `old key ${kid}`, details: { oldKid: kid, kid: nextKid } });
}
