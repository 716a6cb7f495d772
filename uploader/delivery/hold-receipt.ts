import { ProtocolError, type Receipt, readReceipt, verifyReceipt } from "../../lib/protocol/index.ts";
import { Problem } from "../problems.ts";
import type { FileRecord } from "../state/file-record.ts";
import { persist } from "./persist.ts";
import type { RecordKeeper } from "./record-keeper.ts";
import type { World } from "./world.ts";

/**
 * Fetches the archive's receipt for a sealed recording, checks it, and keeps it: without one nothing is deleted. Asks
 * until it is there, for as long as the uploader is patient; an archive that gives none, or a wrong one, leaves the
 * file where it is.
 *
 * @throws Problem "gave_up"
 */
export async function holdReceipt(keeper: RecordKeeper, world: World): Promise<void> {
  if (keeper.record.receiptedAtRunMs !== null) return;
  await persist(
    world,
    keeper.record.file,
    () => fetchReceipt(keeper, world),
    async (problem, retryAt) => {
      keeper.note({ problem: problem.message, retryAt: retryAt.toISOString() });
      await keeper.flush();
    },
  );
}

/** Asks for the receipt once. On return it is kept durably, and the record says since when. @throws Problem */
export async function fetchReceipt(keeper: RecordKeeper, world: World): Promise<void> {
  const { recording, file } = keeper.record;
  if (recording === null) throw new Problem("again", "The archive named no recording, so there is no receipt for it.");
  const jws = await world.archive.getReceipt(recording, world.signal);
  checkReceipt(jws, await world.archive.getTrustedKeys(world.signal), keeper.record);
  await world.store.keepReceipt(recording, jws);
  await keeper.save({ receiptedAtRunMs: world.store.runMs, problem: null, retryAt: null });
  world.figures.lastReceipt = { recording, file, at: new Date().toISOString() };
}

/** Looks whether the receipt that is kept for a record is for exactly its bytes, as far as this device can tell. */
export async function hasValidReceipt(record: Readonly<FileRecord>, world: World): Promise<boolean> {
  const jws = record.recording === null ? null : await world.store.readReceipt(record.recording);
  if (jws === null) return false;
  try {
    const { receipt } = readReceipt(jws);
    return isFor(receipt, record);
  } catch {
    return false;
  }
}

function isFor(receipt: Receipt, { recording, sha256, identity }: Readonly<FileRecord>): boolean {
  return receipt.recording === recording && receipt.sha256 === sha256 && receipt.sizeBytes === identity.sizeBytes;
}

function checkReceipt(jws: string, keys: Parameters<typeof verifyReceipt>[1], record: Readonly<FileRecord>): void {
  const kept = "The file is kept.";
  try {
    const { receipt } = verifyReceipt(jws, keys);
    if (isFor(receipt, record)) return;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new Problem("again", `The archive's receipt is not valid: ${error.message} ${kept}`);
  }
  throw new Problem("again", `The archive's receipt is not for exactly this file. ${kept}`);
}
