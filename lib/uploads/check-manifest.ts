import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { whyNotSigning } from "../devices/index.ts";
import { AppError } from "../errors.ts";
import {
  type DecodedJws,
  decodeJws,
  type Ed25519Jwk,
  hasUnprintable,
  type Manifest,
  ManifestError,
  manifestSha256,
  manifestType,
  maxManifestBytes,
  ProtocolError,
  readManifest,
  verifyJws,
} from "../protocol/index.ts";
import type { DeviceActor } from "./internal.ts";

/** A manifest whose signature is its device's. */
export type SignedManifest = {
  manifest: Manifest;
  manifestSha256: string;
  kid: string;
  /** Why the key may sign no new manifest with this number; null: it may. */
  keyProblem: string | null;
  jws: string;
};

/**
 * Checks a signed manifest: first whose it is and whether it is signed, and only then what it says.
 *
 * @throws AppError too_large, manifest_invalid, manifest_key_unknown, manifest_signature_invalid
 */
export async function checkManifest(ctx: Context, device: DeviceActor, jws: string): Promise<SignedManifest> {
  if (jws.length > maxManifestBytes)
    throw new AppError("too_large", `A signed manifest has at most ${maxManifestBytes} bytes.`);
  const { kid } = readHeader(jws);
  const key = await ctx.db.deviceKey.findFirst({ where: { kid, deviceId: device.deviceId } });
  if (key === null) {
    const message = "This device has no such key. Have its public key registered: strongroom device key add.";
    return refuse(ctx, device, kid, new AppError("manifest_key_unknown", message, { field: "kid" }));
  }
  const jwk: Ed25519Jwk = { kty: "OKP", crv: "Ed25519", x: Buffer.from(key.publicKey).toString("base64url") };
  let verified: DecodedJws;
  try {
    verified = verifyJws(jws, jwk, manifestType);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return refuse(ctx, device, kid, new AppError("manifest_signature_invalid", `The manifest: ${error.message}`));
  }
  const manifest = read(verified.payload);
  if (manifest.device !== device.deviceId)
    throw new AppError("manifest_invalid", "The manifest names another device than the one that sends it.", {
      field: "device",
    });
  return {
    manifest,
    manifestSha256: manifestSha256(verified.payload),
    kid,
    keyProblem: whyNotSigning(key, manifest.sequence),
    jws,
  };
}

/** The refusal of a new manifest whose key may not sign it. */
export async function refuseKey(ctx: Context, device: DeviceActor, kid: string, problem: string): Promise<never> {
  return refuse(ctx, device, kid, new AppError("manifest_key_unknown", problem, { field: "kid" }));
}

function readHeader(jws: string): { kid: string } {
  try {
    const { header } = decodeJws(jws);
    if (header.typ !== manifestType) throw new ProtocolError(`Its type is not ${manifestType}.`);
    if (header.kid === undefined) throw new ProtocolError("Its header names no key (kid).");
    if (hasUnprintable(header.kid)) throw new ProtocolError("The name of its key (kid) holds what is no character.");
    return { kid: header.kid };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new AppError("manifest_invalid", `This is no signed manifest. ${error.message}`);
  }
}

function read(payload: Uint8Array): Manifest {
  try {
    return readManifest(payload);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    throw new AppError("manifest_invalid", error.message, error.member === null ? {} : { field: error.member });
  }
}

/** Somebody has the device's token and not its key, or the key and not the right to use it: custody must know. */
async function refuse(ctx: Context, device: DeviceActor, kid: string, error: AppError): Promise<never> {
  const details = { reason: error.code, kid: kid.slice(0, 100).toWellFormed() };
  await ctx.db.$transaction((tx) =>
    recordEvent(ctx, tx, { action: "manifest.refused", outcome: "refused", deviceId: device.deviceId, details }),
  );
  throw error;
}
