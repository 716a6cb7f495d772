import { Problem } from "../problems.ts";
import type { ReadyFile } from "../ready-file.ts";
import type { FileRecord } from "../state/file-record.ts";
import { awaitSeal } from "./await-seal.ts";
import { deleteSealedFile } from "./delete-file.ts";
import { describeFile, stateGone } from "./describe-file.ts";
import { holdReceipt } from "./hold-receipt.ts";
import { type Findings, noFindings } from "./manifest-facts.ts";
import { RecordKeeper } from "./record-keeper.ts";
import { checkUnchanged, lostManifest, sendFile } from "./send-file.ts";
import type { World } from "./world.ts";

/** How a file ended well. */
export type Delivered = {
  recording: string | null;
  sha256: string;
  state: "sealed" | "disposed" | "delivered";
  isDeleted: boolean;
};

/** A failure, with what is known of the recording. */
export class DeliveryFailure extends Error {
  readonly problem: unknown;
  readonly record: Readonly<FileRecord> | null;

  constructor(problem: unknown, record: Readonly<FileRecord> | null) {
    super("delivery failed", { cause: problem });
    this.name = "DeliveryFailure";
    this.problem = problem;
    this.record = record;
  }
}

/**
 * Delivers one finished file: describe, send, wait for the seal, delete when asked. Closes the file.
 *
 * @throws DeliveryFailure around Problem or Interrupted
 */
export async function deliver(ready: ReadyFile, world: World, findings: Findings = noFindings): Promise<Delivered> {
  let keeper: RecordKeeper | null = null;
  let unlock: (() => Promise<void>) | null = null;
  try {
    unlock = await world.store.lockFile(world.archive.server, ready.path);
    if (unlock === null) throw new Problem("busy", `Another uploader is sending ${ready.path} right now.`);
    keeper = new RecordKeeper(world.store, await describeFile(ready, world, findings));
    return await deliverDescribed(ready, keeper, world);
  } catch (error) {
    if (keeper !== null) await rememberFailure(keeper, error, world);
    throw new DeliveryFailure(error, keeper?.record ?? null);
  } finally {
    await ready.handle.close().catch(() => undefined);
    await unlock?.();
  }
}

async function deliverDescribed(ready: ReadyFile, keeper: RecordKeeper, world: World): Promise<Delivered> {
  const { phase } = keeper.record;
  if ((phase === "quarantined" || phase === "refused") && world.settings.repeatsRefused) await startOver(keeper);
  if (phase === "sealed" || phase === "delivered") await checkStillKnown(keeper, world);
  const isDelivered = keeper.record.phase === "sealed" || keeper.record.phase === "delivered";
  if (!isDelivered) await sendFile(ready, keeper, world);
  const state = world.settings.waitsForSeal ? await awaitSeal(keeper, world) : "delivered";
  if (state !== "delivered" && keeper.record.sequence !== null) await world.chain?.forget(keeper.record.sequence);
  let isDeleted = false;
  if (state === "sealed" && world.settings.deletesAfterSeal) {
    await holdReceipt(keeper, world);
    await checkUnchanged(ready, keeper, world);
    isDeleted = await deleteSealedFile(ready.path, ready.identity);
  }
  const { recording, sha256 } = keeper.record;
  return { recording, sha256, state, isDeleted };
}

/** Forgets the upload; what was described stays. */
export function startOver(keeper: RecordKeeper): Promise<void> {
  return keeper.save({
    phase: "described",
    uploadUrl: null,
    recording: null,
    acknowledgedBytes: 0,
    problem: null,
    retryAt: null,
  });
}

// The state is a cache: an archive that says it has never heard of the recording is right, and gets it anew.
async function checkStillKnown(keeper: RecordKeeper, world: World): Promise<void> {
  const { recording } = keeper.record;
  if (recording === null) return;
  try {
    const view = await world.archive.getRecording(recording, world.signal);
    // An archive that was set back to an older state lacks bytes that it once had.
    if (view.state === "receiving") keeper.note({ phase: "sending" });
  } catch (error) {
    if (error instanceof Problem && error.kind === "restart") await startOver(keeper);
    // Everything else is dealt with while waiting for the seal.
  }
}

/** Notes in the record how a delivery failed; a file that became another one is stated not to come. */
export async function rememberFailure(keeper: RecordKeeper, error: unknown, world: World): Promise<void> {
  if (error instanceof Problem && error.kind === "refused") {
    const isQuarantined = keeper.record.phase === "delivered" || keeper.record.phase === "sealed";
    keeper.note({ phase: isQuarantined ? "quarantined" : "refused", problem: error.message, retryAt: null });
  } else if (error instanceof Problem && error.kind === "changed") {
    if (keeper.record.sequence !== null && world.chain !== null) {
      await keeper.flush();
      return stateGone(keeper.record, error.code === lostManifest ? "discarded" : "changed", world);
    }
    keeper.note({ uploadUrl: null, recording: null, acknowledgedBytes: 0, phase: "described", problem: error.message });
  } else if (error instanceof Problem) keeper.note({ problem: error.message, retryAt: null });
  await keeper.flush();
}
