import type { Prisma } from "../../generated/prisma/client.ts";
import type { Context, Transaction } from "../context.ts";
import { recordEvent } from "../custody/index.ts";
import { holdDevice, noteMissingArrived, whyNotSigning } from "../devices/index.ts";
import type { StatementView } from "../protocol/index.ts";
import { checkStatement, keyUnknown, refuseStatement, type SignedStatement } from "./check-statement.ts";
import { requireDevice } from "./internal.ts";
import { placeInChain } from "./manifest-chain.ts";

/** What a device learns about its statement. */
export type RecordedStatement = StatementView & { isNew: boolean };

/**
 * Keeps a signed statement: that a recording will not come, or that none was made. The same again answers the same, also
 * after a crash and beside itself. It takes nothing away: what a tombstone speaks of is received all the same.
 *
 * @param jws the statement in compact form
 * @throws AppError unauthenticated, token_invalid, statement_invalid, manifest_key_unknown, manifest_signature_invalid, too_large
 */
export async function recordStatement(ctx: Context, jws: string): Promise<RecordedStatement> {
  const device = requireDevice(ctx);
  const signed = await checkStatement(ctx, device, jws);
  const known = await findStatement(ctx.db, signed);
  if (known !== null) return { ...known, isNew: false };
  if (signed.keyProblem !== null) return refuseStatement(ctx, signed.kid, keyUnknown(signed.keyProblem));
  const kept = await ctx.db.$transaction(async (tx) => {
    // One link after the other, so that two of one number see each other.
    await holdDevice(tx, device);
    const meanwhile = await findStatement(tx, signed);
    if (meanwhile !== null) return { ...meanwhile, isNew: false };
    // A key that hands over holds the same lock, and what it counts must stay all that the old one has signed.
    const key = await tx.deviceKey.findUniqueOrThrow({ where: { kid: signed.kid } });
    const problem = whyNotSigning(key, signed.statement.sequence);
    return problem ?? { ...(await keepStatement(ctx, tx, signed)), isNew: true };
  });
  return typeof kept === "string" ? refuseStatement(ctx, signed.kid, keyUnknown(kept)) : kept;
}

async function findStatement(db: Context["db"] | Transaction, signed: SignedStatement): Promise<StatementView | null> {
  const { statementSha256: sha256 } = signed;
  const row = await db.chainStatement.findUnique({
    where: { statementSha256: Buffer.from(sha256, "hex") },
    select: { sequence: true, chain: true },
  });
  return row === null ? null : { sequence: Number(row.sequence), sha256, chain: row.chain };
}

async function keepStatement(ctx: Context, tx: Transaction, signed: SignedStatement): Promise<StatementView> {
  const { statement, statementSha256: sha256, kid, jws } = signed;
  const { device: deviceId, sequence, previous, kind } = statement;
  const { chain, ...trouble } = await placeInChain(tx, statement, sha256);
  const of = statement.kind === "tombstone" ? statement.of : null;
  await tx.chainStatement.create({
    data: {
      statementSha256: Buffer.from(sha256, "hex"),
      deviceId,
      kid,
      sequence: BigInt(sequence),
      previousSha256: previous === null ? null : Buffer.from(previous, "hex"),
      chain,
      kind,
      ofSequence: of === null ? null : BigInt(of.sequence),
      ofManifestSha256: of === null ? null : Buffer.from(of.manifestSha256, "hex"),
      facts: statement as Prisma.InputJsonObject, // it was read from JSON
      jws,
      receivedAt: ctx.clock.now(),
    },
  });
  const recordingId = of === null ? null : await recordingOf(tx, deviceId, of.manifestSha256);
  const about = recordingId === null ? { deviceId } : { deviceId, recordingId };
  const details = {
    sequence,
    statementSha256: sha256,
    kid,
    chain,
    kind,
    // Not all that a device may have written there.
    ...(of !== null && { of: { sequence: of.sequence, manifestSha256: of.manifestSha256 } }),
    reason: statement.reason,
  };
  await recordEvent(ctx, tx, { action: "statement.recorded", ...about, details: details as Prisma.InputJsonObject });
  await noteMissingArrived(ctx, tx, about, of === null ? [sequence] : [sequence, of.sequence]);
  if (chain === "gap" || chain === "fork")
    await recordEvent(ctx, tx, { action: `statement.${chain}_found`, ...about, details: { sequence, ...trouble } });
  return { sequence, sha256, chain };
}

/** The recording that a tombstone is about, when its manifest is here and this device's. */
async function recordingOf(tx: Transaction, deviceId: string, manifestSha256: string): Promise<string | null> {
  const row = await tx.manifest.findFirst({
    where: { manifestSha256: Buffer.from(manifestSha256, "hex"), deviceId },
    select: { recordingId: true },
  });
  return row?.recordingId ?? null;
}
