import { ProtocolError, verifyReceipt } from "../../lib/protocol/index.ts";
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
  const { recording, file } = keeper.record;
  if (recording === null) throw new Problem("again", "The archive named no recording, so there is no receipt for it.");
  await persist(
    world,
    file,
    async () => {
      const jws = await world.archive.getReceipt(recording, world.signal);
      const keySet = await world.archive.getTrustedKeys(world.signal);
      checkReceipt(jws, keySet, keeper.record);
      await world.store.keepReceipt(recording, jws);
    },
    async (problem, retryAt) => {
      keeper.note({ problem: problem.message, retryAt: retryAt.toISOString() });
      await keeper.flush();
    },
  );
}

function checkReceipt(jws: string, keys: Parameters<typeof verifyReceipt>[1], record: Readonly<FileRecord>): void {
  const kept = "The file is kept.";
  try {
    const { receipt } = verifyReceipt(jws, keys);
    const { sha256, identity } = record;
    if (receipt.recording === record.recording && receipt.sha256 === sha256 && receipt.sizeBytes === identity.sizeBytes)
      return;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new Problem("again", `The archive's receipt is not valid: ${error.message} ${kept}`);
  }
  throw new Problem("again", `The archive's receipt is not for exactly this file. ${kept}`);
}
