import type { Context } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { whyNotSigning } from "../devices/index.ts";
import { AppError } from "../errors.ts";
import {
  type DecodedJws,
  decodeJws,
  type Ed25519Jwk,
  hasUnprintable,
  maxStatementBytes,
  ProtocolError,
  readStatement,
  type Statement,
  StatementError,
  statementSha256,
  statementType,
  verifyJws,
} from "../protocol/index.ts";
import type { DeviceActor } from "./internal.ts";

/** A statement whose signature is its device's. */
export type SignedStatement = {
  statement: Statement;
  statementSha256: string;
  kid: string;
  /** Why the key may not sign it when it is new; null: it may. */
  keyProblem: string | null;
  jws: string;
};

/**
 * Checks a signed statement: first whose it is and whether it is signed, and only then what it says.
 *
 * @throws AppError too_large, statement_invalid, manifest_key_unknown, manifest_signature_invalid
 */
export async function checkStatement(ctx: Context, device: DeviceActor, jws: string): Promise<SignedStatement> {
  if (jws.length > maxStatementBytes)
    throw new AppError("too_large", `A signed statement has at most ${maxStatementBytes} bytes.`);
  const kid = readKid(jws);
  const key = await ctx.db.deviceKey.findFirst({ where: { kid, deviceId: device.deviceId } });
  if (key === null) return refuseStatement(ctx, kid, keyUnknown("This device has no such key."));
  const jwk: Ed25519Jwk = { kty: "OKP", crv: "Ed25519", x: Buffer.from(key.publicKey).toString("base64url") };
  let verified: DecodedJws;
  try {
    verified = verifyJws(jws, jwk, statementType);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return refuseStatement(ctx, kid, new AppError("manifest_signature_invalid", `The statement: ${error.message}`));
  }
  const statement = read(verified.payload);
  if (statement.device !== device.deviceId)
    throw new AppError("statement_invalid", "The statement names another device than the one that sends it.", {
      field: "device",
    });
  return {
    statement,
    statementSha256: statementSha256(verified.payload),
    kid,
    keyProblem: whyNotSigning(key, statement.sequence),
    jws,
  };
}

/** Refuses what a key does not prove, and says so in custody. */
export async function refuseStatement(ctx: Context, kid: string, error: AppError): Promise<never> {
  const device = ctx.actor.kind === "device" ? { deviceId: ctx.actor.deviceId } : {};
  const details = { code: error.code, kid: kid.slice(0, 100).toWellFormed() };
  await ctx.db.$transaction((tx) =>
    recordEvent(ctx, tx, { action: "statement.refused", outcome: "refused", ...device, details }),
  );
  throw error;
}

/** That a key may not sign this, in a sentence. */
export function keyUnknown(message: string): AppError {
  return new AppError("manifest_key_unknown", message, { field: "kid" });
}

function readKid(jws: string): string {
  try {
    const { header } = decodeJws(jws);
    if (header.typ !== statementType) throw new ProtocolError(`Its type is not ${statementType}.`);
    if (header.kid === undefined) throw new ProtocolError("Its header names no key (kid).");
    if (hasUnprintable(header.kid)) throw new ProtocolError("The name of its key (kid) holds what is no character.");
    return header.kid;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new AppError("statement_invalid", `This is no signed statement. ${error.message}`);
  }
}

function read(payload: Uint8Array): Statement {
  try {
    return readStatement(payload);
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    throw new AppError("statement_invalid", error.message, error.member === null ? {} : { field: error.member });
  }
}
