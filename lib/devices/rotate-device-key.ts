import { z } from "zod";
import type { Context, Transaction } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { AppError } from "../errors.ts";
import { parseInput } from "../input.ts";
import {
  type KeyRotatedView,
  type KeyRotation,
  keyRotationType,
  ProtocolError,
  readKeyRotation,
  toBase64Url,
  verifyJws,
} from "../protocol/index.ts";
import { createKey } from "./internal.ts";
import { spendNonce } from "./nonces.ts";
import { suspectOldKey } from "./suspect-clone.ts";

const input = z.object({ rotation: z.string("Send the rotation, a compact JWS.").max(16_000, "This is no rotation.") });

/**
 * Changes a device's key: the old one, which the new one has signed for too, hands over from a number of the device's
 * chain on. The old one goes on being good for lower numbers, and buys tokens until the new one has bought its first.
 * The same rotation again is the same answer, as its first may have been lost.
 *
 * @throws AppError unauthenticated, invalid_input (rotation), assertion_invalid, nonce_invalid, conflict when the new key
 *   is known, state_conflict when the old one handed over to another, or has signed such numbers already
 */
export async function rotateDeviceKey(ctx: Context, raw: unknown): Promise<KeyRotatedView> {
  if (ctx.actor.kind !== "device") throw new AppError("unauthenticated", "Only a device changes its key.");
  const { deviceId } = ctx.actor;
  const { rotation: jws } = parseInput(input, raw);
  const rotation = readRotation(jws);
  if (rotation.device !== deviceId) return refuse(ctx, rotation, "It names another device.");
  const refusal = await ctx.db.$transaction(async (tx): Promise<string | AppError | null> => {
    const [device] = await tx.$queryRaw<unknown[]>`
      SELECT 1 FROM device WHERE id = ${deviceId} AND state = 'active' FOR UPDATE`;
    if (device === undefined) throw new AppError("token_invalid", "This device token is unknown or was revoked.");
    const old = await oldKey(tx, rotation, jws);
    if (typeof old === "string") return old;
    const next = await tx.deviceKey.findUnique({ where: { previousKid: old.kid } });
    if (next?.kid === rotation.kid && Number(next.fromSequence) === rotation.fromSequence) return null;
    if (next !== null) {
      await suspectOldKey(ctx, tx, deviceId, { kid: old.kid, nextKid: next.kid });
      return new AppError("state_conflict", "This key has handed over to another one already.");
    }
    await spendNonce(ctx, tx, rotation.nonce);
    await handOver(ctx, tx, old, rotation);
    return null;
  });
  if (refusal instanceof AppError) throw refusal;
  if (refusal !== null) return refuse(ctx, rotation, refusal);
  return { keyThumbprint: rotation.kid, fromSequence: rotation.fromSequence };
}

/** Somebody has the device's token and not its key: custody must know. */
async function refuse(ctx: Context, { oldKid, kid }: KeyRotation, why: string): Promise<never> {
  const about = ctx.actor.kind === "device" ? { deviceId: ctx.actor.deviceId } : {};
  const details = { oldKid, kid };
  await ctx.db.$transaction((tx) =>
    recordEvent(ctx, tx, { action: "device.key_rotated", outcome: "refused", ...about, details }),
  );
  throw new AppError("assertion_invalid", `This rotation is not one of the device's own keys. ${why}`);
}

function readRotation(jws: string): KeyRotation {
  try {
    return readKeyRotation(jws);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new AppError("invalid_input", `This is no rotation. ${error.message}`, { field: "rotation" });
  }
}

/** The key that hands over; in words, why it does not. */
async function oldKey(tx: Transaction, { oldKid, device }: KeyRotation, jws: string) {
  const key = await tx.deviceKey.findFirst({
    where: { kid: oldKid, deviceId: device, buysTokens: true, revokedAt: null },
  });
  if (key === null) return "The old key is unknown or revoked.";
  try {
    verifyJws(jws, { kty: "OKP", crv: "Ed25519", x: toBase64Url(key.publicKey) }, keyRotationType);
  } catch (error) {
    if (error instanceof ProtocolError) return error.message;
    throw error;
  }
  return key;
}

async function handOver(
  ctx: Context,
  tx: Transaction,
  old: { kid: string; fromSequence: bigint },
  { device: deviceId, fromSequence, kid, key }: KeyRotation,
): Promise<void> {
  const from = BigInt(fromSequence);
  // Both kinds of links count; a number that the old key has signed cannot become the new one's.
  const [signed] = await tx.$queryRaw<{ last: bigint | null }[]>`
    SELECT greatest((SELECT max(sequence) FROM manifest WHERE kid = ${old.kid}),
                    (SELECT max(sequence) FROM chain_statement WHERE kid = ${old.kid})) AS last`;
  const least = BigInt(Math.max(Number(old.fromSequence), Number(signed?.last ?? 0) + 1));
  if (from < least)
    throw new AppError("state_conflict", `The old key has signed or begins later: hand over from ${least} on.`, {
      field: "fromSequence",
    });
  await tx.deviceKey.update({ where: { kid: old.kid }, data: { untilSequence: from } });
  await createKey(ctx, tx, deviceId, key, { buysTokens: true, fromSequence: from, previousKid: old.kid });
  const details = { kid, oldKid: old.kid, fromSequence };
  await recordEvent(ctx, tx, { action: "device.key_rotated", deviceId, details });
}
