import type { Context, Transaction } from "../context.ts";
import { suspectClone } from "./suspect-clone.ts";

/** One start of an uploader: of the machine, and of the process. */
export type Instance = { bootId: string; process: string };

/** A request that was on its way while its uploader was started anew arrives within this time. */
const lateMs = 30_000;
/** Starts of a device that are remembered. */
const kept = 50;

type Known = { supersededAt: Date | null };

/**
 * Notes which start of a device's uploader speaks, in the transaction of what it says. One that comes back after
 * another had taken its place is a second machine with the same key: custody is told, once of each two, and the device
 * is marked until somebody has looked into it. Nothing is refused: what both bring is evidence.
 */
export async function noteInstance(ctx: Context, tx: Transaction, deviceId: string, instance: Instance): Promise<void> {
  const where = { deviceId_bootId_process: { deviceId, ...instance } };
  const seen = await tx.deviceInstance.findUnique({ where });
  if (seen?.supersededAt === null) return;
  // One after the other: two requests that both are a change must see each other's.
  await tx.$queryRaw`SELECT 1 FROM device WHERE id = ${deviceId} FOR NO KEY UPDATE`;
  const known: Known | null = await tx.deviceInstance.findUnique({ where });
  if (known?.supersededAt === null) return;
  const now = ctx.clock.now();
  const current = await tx.deviceInstance.findFirst({ where: { deviceId, supersededAt: null } });
  if (known !== null && current !== null && now.getTime() - current.firstSeenAt.getTime() < lateMs) return;
  if (current !== null)
    await tx.deviceInstance.updateMany({ where: { deviceId, supersededAt: null }, data: { supersededAt: now } });
  if (known === null) {
    await tx.deviceInstance.create({ data: { deviceId, ...instance, firstSeenAt: now } });
    await forgetOldest(tx, deviceId);
    return;
  }
  await tx.deviceInstance.update({ where, data: { supersededAt: null } });
  if (current !== null) await suspectBoth(ctx, tx, deviceId, [instance, current]);
}

/** Two starts that take turns. */
async function suspectBoth(ctx: Context, tx: Transaction, deviceId: string, both: [Instance, Instance]) {
  const [first, second] = both.map(({ bootId, process }) => JSON.stringify([bootId, process])).sort();
  const instances = both.map(({ bootId, process }) => ({ bootId, process }));
  await suspectClone(ctx, tx, deviceId, { reason: `${first}${second}`, details: { instances } });
}

async function forgetOldest(tx: Transaction, deviceId: string): Promise<void> {
  await tx.$executeRaw`
    DELETE FROM device_instance WHERE (device_id, boot_id, process) IN (
      SELECT device_id, boot_id, process FROM device_instance
       WHERE device_id = ${deviceId} AND superseded_at IS NOT NULL
       ORDER BY superseded_at DESC OFFSET ${kept}::int)`;
}
