import type { Actor, Transaction } from "../context.ts";
import { AppError } from "../errors.ts";

type DeviceActor = Extract<Actor, { kind: "device" }>;

/**
 * Asks again, inside the transaction of what a device does, whether it may: a body may come so slowly that its device, or
 * the key that bought its token, was refused since it began. Locks the device, so that its links come one after another
 * and a revocation comes wholly before this or after it.
 *
 * @throws AppError token_invalid
 */
export async function holdDevice(tx: Transaction, { deviceId, key }: DeviceActor): Promise<void> {
  const kid = key?.kid ?? null;
  const held = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM device d WHERE d.id = ${deviceId} AND d.state = 'active' AND (${kid}::text IS NULL
       OR EXISTS (SELECT 1 FROM device_key k WHERE k.kid = ${kid} AND k.revoked_at IS NULL)) FOR NO KEY UPDATE OF d`;
  if (held.length === 0)
    throw new AppError("token_invalid", "This device token is unknown, was revoked or has run out.");
}
