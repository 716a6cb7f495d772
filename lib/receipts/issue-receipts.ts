import { type DigestOriginator, Prisma } from "../../generated/prisma/client.ts";
import type { Context, Transaction } from "../context.ts";
import { proveLeaves, readLeafEvents } from "../custody-log/index.ts";
import { AppError } from "../errors.ts";
import { activeKey } from "../keys/index.ts";
import { type LeafEvent, openMember, type Receipt, sha256HexOf, signReceipt } from "../protocol/index.ts";

/** Receipts in one transaction, so that a new archive's thousand are not one long lock. */
const batchSize = 100;

/** Where bytes are, as receipts name it: one copy on the archive's own storage. */
const storageClass = "file";

/** A sealed recording without a receipt, whose sealing is in the tree. */
type Due = {
  id: string;
  deviceId: string;
  sha256: Uint8Array;
  sizeBytes: bigint;
  digestOriginator: DigestOriginator;
  receivedAt: Date;
  sealedAt: Date;
  sequence: bigint | null;
  manifestSha256: Uint8Array | null;
  seq: bigint;
  logIndex: bigint;
  leaf: Uint8Array;
  salt: Uint8Array;
};

/**
 * Makes the receipts that are due: of every sealed recording whose sealing has entered the custody log, old ones too.
 * Safe to run at once in several processes, and to kill: a receipt is made once.
 *
 * @returns how many were made
 * @throws AppError forbidden for anyone but the archive itself
 */
export async function issueReceipts(ctx: Context, signal?: AbortSignal): Promise<number> {
  if (ctx.actor.kind !== "system") throw new AppError("forbidden", "Only the archive itself does this.");
  let total = 0;
  for (let after = ""; signal?.aborted !== true; ) {
    const { ids, made } = await ctx.db.$transaction((tx) => issueBatch(ctx, tx, after));
    total += made;
    const last = ids.at(-1);
    if (last === undefined || ids.length < batchSize) break;
    after = last;
  }
  return total;
}

async function issueBatch(ctx: Context, tx: Transaction, after: string): Promise<{ ids: string[]; made: number }> {
  // In slices by id, so that one that cannot have its receipt yet is never in the way of the others.
  const slice = await tx.$queryRaw<{ id: string }[]>`
    SELECT recording_id AS id FROM receipt_due WHERE recording_id > ${after}
    ORDER BY recording_id LIMIT ${batchSize} FOR UPDATE SKIP LOCKED`;
  const ids = slice.map(({ id }) => id);
  if (ids.length === 0) return { ids, made: 0 };
  // What was quarantined or disposed of before its turn came gets none.
  await tx.$executeRaw`
    DELETE FROM receipt_due d USING recording r
    WHERE r.id = d.recording_id AND r.state <> 'sealed' AND d.recording_id IN (${Prisma.join(ids)})`;
  const due = await findDue(tx, ids);
  return { ids, made: due.length === 0 ? 0 : await writeReceipts(ctx, tx, due) };
}

async function writeReceipts(ctx: Context, tx: Transaction, due: readonly Due[]): Promise<number> {
  const events = await readLeafEvents(
    tx,
    due.map(({ seq }) => seq),
  );
  const { origin, proofs } = await proveLeaves(
    tx,
    due.map(({ logIndex }) => Number(logIndex)),
  );
  const key = await activeKey(ctx, tx, "receipt");
  const now = ctx.clock.now();
  const rows = due.map((recording) => {
    const index = Number(recording.logIndex);
    const log = { origin, index, proof: proofs.get(index) ?? "" };
    const receipt = receiptOf(recording, events.get(recording.seq), log, now);
    const jws = signReceipt(receipt, key.privateKey, key.kid);
    return { recordingId: recording.id, logIndex: recording.logIndex, kid: key.kid, jws, createdAt: now };
  });
  const { count } = await tx.receipt.createMany({ data: rows, skipDuplicates: true });
  await tx.receiptDue.deleteMany({ where: { recordingId: { in: due.map(({ id }) => id) } } });
  return count;
}

/**
 * Locked until the receipts are there, so that nobody quarantines a recording in between. The manifest is the one that
 * sealing compared the bytes with; others for the same content may have come later.
 */
function findDue(tx: Transaction, ids: readonly string[]): Promise<Due[]> {
  return tx.$queryRaw<Due[]>`
    SELECT r.id, r.device_id AS "deviceId", r.sha256, r.size_bytes AS "sizeBytes",
      r.digest_originator::text AS "digestOriginator", r.received_at AS "receivedAt", r.sealed_at AS "sealedAt",
      m.sequence, m.manifest_sha256 AS "manifestSha256", l.seq, l.index AS "logIndex", l.leaf, l.salt
    FROM recording r
      CROSS JOIN LATERAL (
        SELECT e.seq FROM custody_event e WHERE e.recording_id = r.id AND e.action = 'recording.sealed' ORDER BY e.seq LIMIT 1
      ) sealing
      JOIN log_leaf l ON l.seq = sealing.seq
      LEFT JOIN upload u ON u.recording_id = r.id
      LEFT JOIN manifest m ON m.manifest_sha256 = u.manifest_sha256
    WHERE r.id IN (${Prisma.join([...ids])}) AND r.state = 'sealed' FOR SHARE OF r`;
}

function receiptOf(
  recording: Due,
  event: LeafEvent | undefined,
  log: { origin: string; index: number; proof: string },
  now: Date,
): Receipt {
  if (event === undefined) throw new Error(`The sealing of ${recording.id} is gone from custody`);
  return {
    type: "strongroom.receipt.v1",
    recording: recording.id,
    device: recording.deviceId,
    sequence: recording.sequence === null ? null : Number(recording.sequence),
    manifestSha256: recording.manifestSha256 === null ? null : sha256HexOf(recording.manifestSha256),
    sha256: sha256HexOf(recording.sha256),
    sizeBytes: Number(recording.sizeBytes),
    digestOriginator: recording.digestOriginator,
    receivedAt: recording.receivedAt.toISOString(),
    sealedAt: recording.sealedAt.toISOString(),
    issuedAt: now.toISOString(),
    storageClass,
    log: {
      ...log,
      leaf: Buffer.from(recording.leaf).toString("utf8"),
      details: openMember(event, recording.salt, "details"),
    },
  };
}
