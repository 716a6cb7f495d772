import type { DeviceState } from "../../generated/prisma/client.ts";
import type { Context, Transaction } from "../context.ts";
import { AppError } from "../errors.ts";
import {
  type ClientAssertion,
  clientAssertionType,
  ProtocolError,
  readClientAssertion,
  toBase64Url,
  verifyJws,
} from "../protocol/index.ts";
import { accessTokenSeconds, formatAccessToken } from "./access-token.ts";
import { archiveAudience } from "./audience.ts";
import { newNonce, spendNonce } from "./nonces.ts";
import { noteInstance } from "./note-instance.ts";
import { deviceStateRefusal } from "./state-refusal.ts";
import { suspectOldKey } from "./suspect-clone.ts";

/** A short-lived token, and what the device needs for the next one. */
export type AccessToken = { deviceId: string; token: string; expiresInSeconds: number; nonce: string };

type KeyRow = {
  deviceId: string;
  publicKey: Uint8Array;
  firstTokenAt: Date | null;
  next: { kid: string; firstTokenAt: Date | null } | null;
  device: { state: DeviceState };
};

/** The same words whatever is wrong: an assertion that nobody signed learns nothing. */
function invalid(): AppError {
  return new AppError("assertion_invalid", "This assertion is not signed by a key of the device that it names.");
}

/**
 * Sells a device an access token for an assertion that its key has signed over a nonce. No clock but the archive's is
 * asked.
 *
 * @throws AppError assertion_invalid, nonce_invalid, device_pending, device_suspended, device_revoked
 */
export async function issueAccessToken(ctx: Context, jws: string): Promise<AccessToken> {
  const assertion = readAssertion(jws);
  const audience = await archiveAudience(ctx.db);
  const { deviceId, kid } = { deviceId: assertion.device, kid: assertion.kid };
  const state = await ctx.db.$transaction(async (tx): Promise<DeviceState | "handed_over"> => {
    const key = await signingKey(tx, assertion, jws);
    // Said only to who holds the key: it names another archive, and below that the key has handed over.
    if (assertion.audience !== audience)
      throw new AppError("assertion_invalid", "This assertion is meant for another archive.", { field: "aud" });
    await spendNonce(ctx, tx, assertion.nonce);
    if (key.next?.firstTokenAt != null) {
      await suspectOldKey(ctx, tx, deviceId, { kid, nextKid: key.next.kid });
      return "handed_over";
    }
    if (key.device.state === "active" && key.firstTokenAt === null) await noteFirstToken(ctx, tx, { kid, deviceId });
    if (key.device.state === "active" && assertion.instance !== null)
      await noteInstance(ctx, tx, deviceId, assertion.instance);
    return key.device.state;
  });
  if (state === "handed_over")
    throw new AppError("assertion_invalid", "This key has handed over to the next one.", { field: "kid" });
  if (state !== "active") throw deviceStateRefusal(state);
  const token = formatAccessToken(ctx, { deviceId, kid, audience });
  return { deviceId, token, expiresInSeconds: accessTokenSeconds, nonce: newNonce(ctx) };
}

/** Notes that a key buys tokens, unless it was revoked at this moment. */
async function noteFirstToken(
  ctx: Context,
  tx: Transaction,
  { kid, deviceId }: { kid: string; deviceId: string },
): Promise<void> {
  // The device before its key, as whoever revokes the key takes them; a new start takes the device too.
  await tx.$queryRaw`SELECT 1 FROM device WHERE id = ${deviceId} FOR NO KEY UPDATE`;
  const where = { kid, firstTokenAt: null, revokedAt: null };
  const { count } = await tx.deviceKey.updateMany({ where, data: { firstTokenAt: ctx.clock.now() } });
  if (count === 0 && (await tx.deviceKey.count({ where: { kid, revokedAt: null } })) === 0) throw invalid();
}

function readAssertion(jws: string): ClientAssertion {
  try {
    return readClientAssertion(jws);
  } catch (error) {
    if (error instanceof ProtocolError) throw invalid();
    throw error;
  }
}

/** The device's own unrevoked key that signed the assertion. */
async function signingKey(tx: Transaction, { kid, device }: ClientAssertion, jws: string): Promise<KeyRow> {
  const key = await tx.deviceKey.findFirst({
    where: { kid, deviceId: device, buysTokens: true, revokedAt: null },
    select: {
      deviceId: true,
      publicKey: true,
      firstTokenAt: true,
      next: { select: { kid: true, firstTokenAt: true } },
      device: { select: { state: true } },
    },
  });
  if (key === null) throw invalid();
  try {
    verifyJws(jws, { kty: "OKP", crv: "Ed25519", x: toBase64Url(key.publicKey) }, clientAssertionType);
  } catch (error) {
    if (error instanceof ProtocolError) throw invalid();
    throw error;
  }
  return key;
}
