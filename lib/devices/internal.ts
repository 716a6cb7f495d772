import type { DeviceState } from "../../generated/prisma/client.ts";
import type { Context, Transaction } from "../context.ts";
import { type CustodyAction, recordEvent } from "../custody/index.ts";
import { AppError, notFound } from "../errors.ts";
import { newId } from "../ids.ts";
import { requireId } from "../input.ts";
import { authoriseOperator } from "../people/index.ts";
import { deviceTokenPrefix, type Ed25519Jwk, ed25519Bytes, jwkThumbprint } from "../protocol/index.ts";
import { newSecret, secretSha256 } from "../secrets.ts";
import { deviceStatesBefore } from "./states.ts";
import type { IssuedToken } from "./types.ts";

/** Makes a token of a device inside the transaction of the verb that gives it out. */
export async function createToken(ctx: Context, tx: Transaction, deviceId: string): Promise<IssuedToken> {
  const token = `${deviceTokenPrefix}${newSecret()}`;
  const tokenId = newId("token");
  await tx.deviceToken.create({
    data: { id: tokenId, deviceId, tokenSha256: secretSha256(token), createdAt: ctx.clock.now() },
  });
  return { deviceId, tokenId, token };
}

/**
 * Registers a public key of a device inside the transaction of the verb that does so.
 *
 * @returns its thumbprint
 * @throws AppError conflict when the key is known already, also as another device's
 */
export async function createKey(
  ctx: Context,
  tx: Transaction,
  deviceId: string,
  jwk: Ed25519Jwk,
  more: { buysTokens?: boolean; fromSequence?: bigint; previousKid?: string } = {},
): Promise<string> {
  const kid = jwkThumbprint(jwk);
  const { count } = await tx.deviceKey.createMany({
    data: [{ kid, deviceId, publicKey: new Uint8Array(ed25519Bytes(jwk)), createdAt: ctx.clock.now(), ...more }],
    skipDuplicates: true,
  });
  if (count === 0) throw new AppError("conflict", "This key is registered already. Make a new pair.", { field: "key" });
  return kid;
}

/** The error of a guarded change that changed no row: the device is not there, or in another state by now. */
export async function whyUnchanged(tx: Transaction, deviceId: string, wanted: string): Promise<AppError> {
  const device = await tx.device.findUnique({ where: { id: deviceId }, select: { name: true, state: true } });
  if (device === null) return notFound("device");
  return new AppError("state_conflict", `${device.name} is ${device.state}, so it cannot be ${wanted}.`);
}

/** Asks no longer for files: the device is heard no more, and they would stay open for ever. */
export async function endWanted(ctx: Context, tx: Transaction, deviceId: string): Promise<void> {
  const ended = await tx.wantedFile.updateManyAndReturn({
    where: { deviceId, state: { in: ["open", "seen"] } },
    data: { state: "cancelled", endedAt: ctx.clock.now() },
    select: { id: true },
  });
  for (const { id: wantedId } of ended)
    await recordEvent(ctx, tx, {
      action: "wanted.cancelled",
      deviceId,
      details: { wantedId, reason: "device_revoked" },
    });
}

/** Moves a device to another state, as states.ts allows; `from`: only out of this one. */
export async function moveDevice(
  ctx: Context,
  device: string,
  to: DeviceState,
  action: CustodyAction,
  from?: DeviceState,
): Promise<void> {
  await authoriseOperator(ctx, "devices.change");
  const deviceId = requireId("device", device);
  await ctx.db.$transaction(async (tx) => {
    const before = deviceStatesBefore(to).filter((state) => from === undefined || state === from);
    const { count } = await tx.device.updateMany({
      where: { id: deviceId, state: { in: before } },
      data: { state: to },
    });
    const wanted = from === "pending" ? "approved or refused" : to === "active" ? "let in again" : to;
    if (count === 0) throw await whyUnchanged(tx, deviceId, wanted);
    await recordEvent(ctx, tx, { action, deviceId });
    if (to === "revoked") await endWanted(ctx, tx, deviceId);
  });
}
