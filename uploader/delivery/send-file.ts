import type { FileClass } from "../../lib/protocol/index.ts";
import { metadataHeaderFor } from "../capture.ts";
import type { Chain } from "../chain/chain.ts";
import { identityOf, isSameIdentity } from "../file-identity.ts";
import { Problem } from "../problems.ts";
import type { ReadyFile } from "../ready-file.ts";
import { ProgressMeter } from "../report/progress-meter.ts";
import { sendBytes } from "../send-bytes.ts";
import { readDigests } from "./describe-file.ts";
import { type Attempt, persist } from "./persist.ts";
import type { RecordKeeper } from "./record-keeper.ts";
import type { World } from "./world.ts";

/** How a file goes over the link, and when it stops for others. */
export type SendControl = {
  fileClass: FileClass;
  /** Asked before each PATCH: true ends the sending there, with everything acknowledged kept. */
  shouldYield: () => boolean;
};

const alone: SendControl = { fileClass: "bulk", shouldYield: () => false };

/**
 * Brings every byte of a described file to the archive. Order: announce it or make the upload, save its URL durably,
 * send, look at the file once more, save that it is delivered. Killed anywhere, the next run goes on where the archive
 * is.
 *
 * @returns "yielded" when it stopped between two PATCHes for others
 * @throws Problem
 */
export async function sendFile(
  ready: ReadyFile,
  keeper: RecordKeeper,
  world: World,
  control: SendControl = alone,
  onRest: (isResting: boolean) => void = () => undefined,
): Promise<"delivered" | "yielded"> {
  const meter = new ProgressMeter(world.report, ready.path, ready.identity.sizeBytes);
  const sent = new SentBytes();
  let restarts = 0;
  const end = await persist(
    world,
    ready.path,
    async (attempt) => {
      onRest(false);
      if (control.shouldYield()) return "yielded";
      if (keeper.record.uploadUrl === null) {
        await makeUpload(ready, keeper, world);
        // Once: an archive that loses upload after upload is not to be asked for the next one at once.
        if (restarts <= 1) attempt.progress();
      }
      try {
        if ((await sendRest(ready, keeper, world, control, meter, sent, attempt)) === "yielded") return "yielded";
      } catch (error) {
        if (error instanceof Problem && error.code === "chunk_mismatch") await judgeMismatch(ready, keeper, world);
        throw error;
      }
      await checkUnchanged(ready, keeper, world);
      await keeper.save({ phase: "delivered", problem: null, retryAt: null });
      return "delivered";
    },
    async (problem, retryAt) => {
      keeper.note({ problem: problem.message, retryAt: retryAt.toISOString() });
      // 404 or 410, and nothing else: the upload is gone, and only a new one can help.
      if (problem.kind === "restart") {
        restarts += 1;
        keeper.note({ uploadUrl: null, recording: null, acknowledgedBytes: 0, phase: "described" });
      }
      await keeper.flush();
      onRest(true);
    },
  );
  if (end === "delivered")
    world.report({
      event: "delivered",
      file: ready.path,
      recording: keeper.record.recording,
      sha256: keeper.record.sha256,
    });
  return end;
}

/** Code of the problem that a link of ours is gone. */
export const lostManifest = "manifest_lost";

async function makeUpload(ready: ReadyFile, keeper: RecordKeeper, world: World): Promise<void> {
  const { sha256, chunkSizeBytes, identity, sequence } = keeper.record;
  if (sequence !== null && world.chain !== null) return announce(ready, keeper, sequence, world.chain, world);
  const header = metadataHeaderFor(
    { path: ready.path, sha256, chunkSizeBytes },
    ready.container,
    world.settings.capture,
  );
  const made = await world.archive.createUpload(identity.sizeBytes, header, world.signal);
  // Before the first byte goes out: a URL that is known only to a killed process is bytes lost.
  await keeper.save({ ...made, acknowledgedBytes: 0, phase: "sending", problem: null, retryAt: null });
}

// The same manifest again is the same recording and the same upload, with the offset as it is.
async function announce(
  ready: ReadyFile,
  keeper: RecordKeeper,
  sequence: number,
  chain: Chain,
  world: World,
): Promise<void> {
  const jws = await chain.read(sequence);
  if (jws === null) {
    // Its number must never get another content: it is given up in words, and the file gets another number.
    const message = `The manifest ${sequence} of ${ready.path} is lost; the file is described anew.`;
    throw new Problem("changed", message, { code: lostManifest });
  }
  const { recording, upload, offsetBytes, chain: place } = await world.archive.announce(jws, world.signal);
  if (place === "fork") {
    world.report({
      event: "notice",
      file: ready.path,
      message: `The archive knows another manifest of the number ${sequence}: this device was copied, or its state was set back.`,
    });
    await chain.contradicted().catch(() => undefined);
  }
  await keeper.save({
    uploadUrl: upload,
    recording,
    acknowledgedBytes: offsetBytes,
    phase: "sending",
    problem: null,
    retryAt: null,
  });
}

// A chunk is not what the manifest says. Either the file is another one now, or it was spoilt on the way: then the
// manifest, announced again, leads to where to go on.
async function judgeMismatch(ready: ReadyFile, keeper: RecordKeeper, world: World): Promise<void> {
  const { sha256 } = await readDigests(ready, keeper.record.chunkSizeBytes, world);
  if (sha256 !== keeper.record.sha256)
    throw new Problem("changed", `${ready.path} is not what its manifest says any more; what was sent is given up.`);
  await keeper.save({ uploadUrl: null });
}

async function sendRest(
  ready: ReadyFile,
  keeper: RecordKeeper,
  world: World,
  { fileClass, shouldYield }: SendControl,
  meter: ProgressMeter,
  sent: SentBytes,
  attempt: Attempt,
): Promise<"sent" | "yielded"> {
  const { uploadUrl, acknowledgedBytes, chunkSizeBytes, identity } = keeper.record;
  if (uploadUrl === null) throw new Error("An upload has a URL before bytes are sent.");
  let isFirst = true;
  let sentTo = acknowledgedBytes;
  return sendBytes(
    {
      archive: world.archive,
      uploadUrl,
      sizeBytes: identity.sizeBytes,
      chunkSizeBytes,
      acknowledgedBytes,
      patience: attempt.patience,
      fileClass,
      shouldYield,
      read: async (buffer, position, lengthBytes) =>
        (await ready.handle.read(buffer, 0, lengthBytes, position)).bytesRead,
      checkFile: () => checkUnchanged(ready, keeper, world),
      onAcknowledged: (offsetBytes, recording) => {
        const before = keeper.record.acknowledgedBytes;
        if (offsetBytes > before) attempt.progress();
        if (offsetBytes < before)
          world.report({
            event: "notice",
            file: ready.path,
            message: `the archive acknowledged ${before} bytes earlier and has ${offsetBytes} now; the rest is sent again`,
          });
        keeper.note({
          acknowledgedBytes: offsetBytes,
          recording: recording ?? keeper.record.recording,
          phase: "sending",
          problem: null,
          retryAt: null,
        });
        if (isFirst) {
          isFirst = false;
          sentTo = offsetBytes;
          if (offsetBytes > 0) world.figures.resumes += 1;
          world.report({
            event: "upload",
            file: ready.path,
            url: uploadUrl,
            recording: keeper.record.recording,
            offsetBytes,
            sizeBytes: identity.sizeBytes,
          });
        }
        meter.acknowledged(offsetBytes);
      },
      onSent: (offsetBytes) => {
        sent.count(world, sentTo, offsetBytes);
        sentTo = offsetBytes;
        meter.sent(offsetBytes);
      },
    },
    world.signal,
  );
}

/** What has gone out of one file, over all attempts. */
class SentBytes {
  #highest = 0;

  count({ figures }: World, from: number, until: number): void {
    if (until <= from) return;
    figures.sentBytes += until - from;
    figures.resentBytes += Math.max(0, Math.min(until, this.#highest) - from);
    this.#highest = Math.max(this.#highest, until);
  }
}

/**
 * Looks whether the open file is still what was described. A rename or a new mode shows as a change too; then the
 * bytes decide, read once more. A file that was deleted or replaced meanwhile is still ours to send: it stays
 * open, and stays until we let go.
 *
 * @throws Problem "changed"
 */
export async function checkUnchanged(ready: ReadyFile, keeper: RecordKeeper, world: World): Promise<void> {
  const now = identityOf(await ready.handle.stat());
  if (isSameIdentity(now, ready.identity)) return;
  const changed = new Problem("changed", `${ready.path} changed while it was sent; what was sent is given up.`);
  if (now.sizeBytes !== ready.identity.sizeBytes) throw changed;
  ready.identity = now;
  const { sha256 } = await readDigests(ready, keeper.record.chunkSizeBytes, world);
  if (sha256 !== keeper.record.sha256) throw changed;
  await keeper.save({ identity: now });
}
