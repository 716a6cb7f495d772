import { askForSeal } from "../delivery/await-seal.ts";
import { confirmPauseMs, receiptPauseMs } from "../delivery/confirm-pause.ts";
import { rememberFailure, startOver } from "../delivery/deliver.ts";
import { describeFile, readDigests } from "../delivery/describe-file.ts";
import { fetchReceipt } from "../delivery/hold-receipt.ts";
import { RecordKeeper } from "../delivery/record-keeper.ts";
import { sendFile } from "../delivery/send-file.ts";
import type { World } from "../delivery/world.ts";
import { isSameIdentity } from "../file-identity.ts";
import { Patience, sleep } from "../patience.ts";
import { exitCodeOf, Interrupted, messageOf, Problem } from "../problems.ts";
import { openFinished, type ReadyFile } from "../ready-file.ts";
import type { FileRecord } from "../state/file-record.ts";
import type { Waiting } from "../waiting.ts";
import type { Intake } from "./intake.ts";
import type { Job, Lane, Scheduler } from "./scheduler.ts";

const firstRestMs = 15_000;
const maxRestMs = 1_800_000;
/** So many files failing one after the other are the link's fault, not theirs. */
const linkFailures = 3;

type Parts = {
  world: World;
  scheduler: Scheduler;
  intake: Intake;
  settleMs: () => number;
  /** A receipt is here, or a recording is sealed: something may be deleted. */
  onSealed: () => Promise<void>;
  /** Whether receipts are wanted: they are fetched once a recording is sealed. */
  wantsReceipts: () => boolean;
};

/** Works through the queue, one file at a time. Several of these run side by side. */
export class Lanes {
  readonly #parts: Parts;
  readonly #patience: Patience;
  #failuresInARow = 0;
  /** Why sending rests, while it does. */
  resting: Waiting | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#patience = new Patience({ firstDelayMs: 1000, maxDelayMs: 300_000, giveUpAfterMs: null });
  }

  /** Something got through: the link works. */
  progress(): void {
    this.resting = null;
    this.#patience.progress();
    const { scheduler } = this.#parts;
    const isBack = this.#failuresInARow >= linkFailures;
    this.#failuresInARow = 0;
    if (!isBack) return;
    scheduler.hurry(10_000);
  }

  /** Whether a file that failed so often should let another one go first. */
  hasOthers(): boolean {
    return this.#parts.scheduler.next("bulk") !== null;
  }

  /** Works until the world ends. @throws Interrupted */
  async work(lane: Lane): Promise<void> {
    const { scheduler, world } = this.#parts;
    for (;;) {
      const job = await scheduler.take(lane, world.signal);
      try {
        if (lane === "describe") await this.#describe(job);
        else if (lane === "confirm") await this.#confirm(job);
        else await this.#send(job);
      } catch (error) {
        if (error instanceof Interrupted || world.signal.aborted) throw error;
        await this.#putBackFailed(job, lane, error);
      }
    }
  }

  async #describe(job: Job): Promise<void> {
    const { scheduler, world, settleMs } = this.#parts;
    const { found } = job;
    if (found === null) return scheduler.drop(job.path);
    const ready = await found.ready();
    if (!("handle" in ready)) {
      // The finder looks at it again with the next scan.
      return scheduler.putBack(job, {}, settleMs());
    }
    try {
      const record = await describeFile(ready, world, found, job.class, Math.floor(job.foundAtRunMs));
      job.failures = 0;
      this.#queueFurther(job, record);
    } catch (error) {
      if (!(error instanceof Problem && error.kind === "changed")) throw error;
      world.report({ event: "notice", file: job.path, message: `${error.message} It stays in the queue.` });
      scheduler.drop(job.path);
    } finally {
      await ready.handle.close().catch(() => undefined);
    }
  }

  #queueFurther(job: Job, record: FileRecord): void {
    const { scheduler, intake, wantsReceipts } = this.#parts;
    const lacksReceipt = record.phase === "sealed" && record.receiptedAtRunMs === null && wantsReceipts();
    if ((record.phase === "sealed" && !lacksReceipt) || record.phase === "quarantined") {
      scheduler.drop(job.path);
      return;
    }
    scheduler.release(job);
    const urgent = job.class;
    const queued = intake.queue(lacksReceipt ? { ...record, phase: "delivered" } : record, false);
    // What was said of it since it was first described counts.
    if (urgent !== "bulk") scheduler.setClass(queued, urgent);
    scheduler.wake();
  }

  async #send(job: Job): Promise<void> {
    const { world, scheduler } = this.#parts;
    const unlock = await world.store.lockFile(world.archive.server, job.path);
    if (unlock === null) throw new Problem("busy", `Another uploader is sending ${job.path} right now.`);
    let ready: ReadyFile | null = null;
    let keeper: RecordKeeper | null = null;
    try {
      const known = await world.store.read(world.archive.server, job.path);
      if (known === null) return scheduler.drop(job.path);
      keeper = new RecordKeeper(world.store, known);
      ready = await this.#open(keeper, world);
      const control = { fileClass: job.class, shouldYield: () => scheduler.shouldYield(job) };
      const end = await sendFile(ready, keeper, world, control, (isResting) => {
        job.isResting = isResting;
        if (isResting) scheduler.wake();
      });
      job.failures = 0;
      if (end === "yielded") {
        await keeper.flush();
        return scheduler.putBack(job);
      }
      if (world.settings.waitsForSeal) return scheduler.putBack(job, { stage: "delivered" });
      await this.#done(job, keeper, "delivered");
    } catch (error) {
      if (keeper !== null) await rememberFailure(keeper, error, world);
      if (!(await this.#isSettled(job, keeper, error))) throw error;
    } finally {
      await ready?.handle.close().catch(() => undefined);
      await unlock();
    }
  }

  async #open(keeper: RecordKeeper, world: World): Promise<ReadyFile> {
    const { file, identity, chunkSizeBytes, sha256 } = keeper.record;
    const ready = await openFinished(file, () => null);
    if (!("handle" in ready)) throw new Problem("changed", `${file} is empty now.`);
    if (isSameIdentity(ready.identity, identity)) return ready;
    try {
      // Touched, renamed over or rewritten: its bytes decide.
      const now = await readDigests(ready, chunkSizeBytes, world);
      if (now.sha256 !== sha256) throw new Problem("changed", `${file} is not what it was when it was described.`);
      await keeper.save({ identity: ready.identity });
      return ready;
    } catch (error) {
      await ready.handle.close();
      throw error;
    }
  }

  async #confirm(job: Job): Promise<void> {
    const { world, scheduler, wantsReceipts } = this.#parts;
    const record = await world.store.read(world.archive.server, job.path);
    if (record === null) return scheduler.drop(job.path);
    const keeper = new RecordKeeper(world.store, record);
    try {
      const { state, verdict } = await askForSeal(keeper, world);
      this.progress();
      // An archive that was set back to an older state lacks bytes that it once had.
      if (state === "receiving") {
        await keeper.save({ phase: "sending" });
        return this.#sendAgain(job, `The archive lacks bytes of ${recordingOf(keeper)} that it had.`);
      }
      if (verdict === "undecided") {
        job.failures += 1;
        return scheduler.putBack(job, {}, confirmPauseMs(job.failures));
      }
      if (verdict === "sealed" && wantsReceipts()) await this.#tryReceipt(job, keeper);
      else await this.#done(job, keeper, verdict);
    } catch (error) {
      if (error instanceof Problem && error.kind === "restart") {
        const message = `The archive knows nothing of ${recordingOf(keeper)} any more.`;
        await startOver(keeper);
        return this.#sendAgain(job, message);
      }
      await rememberFailure(keeper, error, world);
      if (!(await this.#isSettled(job, keeper, error))) throw error;
    }
  }

  // At once when it happens once; an archive that goes on forgetting what it was given must not be stormed.
  #sendAgain(job: Job, why: string): void {
    const { scheduler, world } = this.#parts;
    job.returns += 1;
    const restMs =
      job.returns === 1 ? 0 : Math.min(firstRestMs * 2 ** (job.returns - 2), maxRestMs) * (0.75 + Math.random() / 2);
    const when = restMs === 0 ? "now" : `in ${Math.round(restMs / 1000)} s`;
    world.report({ event: "notice", file: job.path, message: `${why} It is sent again ${when}.` });
    scheduler.putBack(job, { stage: "described" }, restMs);
  }

  // Receipts are made a moment after the seal. Without one nothing is deleted, and nothing else is wrong.
  async #tryReceipt(job: Job, keeper: RecordKeeper): Promise<void> {
    const { scheduler } = this.#parts;
    try {
      if (keeper.record.receiptedAtRunMs === null) await fetchReceipt(keeper, this.#parts.world);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      keeper.note({ problem: error.message });
      job.failures += 1;
      return scheduler.putBack(job, {}, receiptPauseMs(job.failures));
    }
    await this.#done(job, keeper, "sealed");
  }

  async #done(job: Job, keeper: RecordKeeper, state: "sealed" | "disposed" | "delivered"): Promise<void> {
    const { world, scheduler, onSealed } = this.#parts;
    const { file, recording, sha256, identity, sequence } = keeper.record;
    if (state !== "delivered" && sequence !== null) await world.chain?.forget(sequence);
    scheduler.drop(file);
    if (state === "sealed") await onSealed().catch(() => undefined);
    const { isDeleted = false } = (await world.store.read(world.archive.server, file)) ?? {};
    const { sizeBytes } = identity;
    world.report({ event: "done", file: job.path, recording, sha256, state, sizeBytes, isDeleted });
  }

  /** Deals with what no further attempt mends. @returns false: it is a failure in passing */
  async #isSettled(job: Job, keeper: RecordKeeper | null, error: unknown): Promise<boolean> {
    const { world, scheduler, intake } = this.#parts;
    if (!(error instanceof Problem)) return false;
    if (error.kind === "changed") {
      world.report({ event: "notice", file: job.path, message: `${error.message} It stays in the queue.` });
      // Nobody knows it any more; the finder offers it as what it is now, when it lies still.
      await intake.keepInView(job.path);
      scheduler.drop(job.path);
      return true;
    }
    if (error.kind === "file" && keeper !== null) {
      // Missing or unreadable: the scan decides whether it is gone for good.
      world.report({ event: "notice", file: job.path, message: error.message });
      scheduler.putBack(job, {}, this.#restMs(job));
      return true;
    }
    if (error.kind !== "refused" || keeper === null) return false;
    const { recording, sha256, identity, phase } = keeper.record;
    if (phase !== "quarantined") intake.leaveAlone(job.path, identity);
    scheduler.drop(job.path);
    const exitCode = exitCodeOf(error);
    world.report({
      event: "failed",
      file: job.path,
      kind: "refused",
      problem: error.message,
      recording,
      sha256,
      exitCode,
    });
    return true;
  }

  async #putBackFailed(job: Job, lane: Lane, error: unknown): Promise<void> {
    const { scheduler, world } = this.#parts;
    if (error instanceof Problem && error.kind === "file" && lane === "describe") {
      world.report({ event: "notice", file: job.path, message: error.message });
      return scheduler.drop(job.path);
    }
    // What sending meets is counted where it is tried again; this is for a disk that takes no manifest.
    if (error instanceof Problem && lane === "describe") world.figures.failed(error);
    world.report({ event: "notice", file: job.path, message: `${messageOf(error)} It stays in the queue.` });
    scheduler.putBack(job, {}, this.#restMs(job));
    this.#failuresInARow += 1;
    const problem = error instanceof Problem ? error : new Problem("again", messageOf(error));
    if (lane === "describe") return sleep(1000 + Math.random() * 4000, world.signal);
    const restMs = this.#patience.nextDelayMs(problem);
    this.resting = { reason: problem.reason ?? "server", detail: problem.message, untilMs: restMs };
    await sleep(restMs, world.signal);
  }

  // Longer with each time, so that a file which always fails costs the others little.
  #restMs(job: Job): number {
    job.failures += 1;
    return Math.min(firstRestMs * 2 ** Math.min(job.failures - 1, 20), maxRestMs) * (0.5 + Math.random());
  }
}

function recordingOf({ record }: RecordKeeper): string {
  return record.recording ?? "this recording";
}
