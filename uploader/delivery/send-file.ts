import { metadataHeaderFor } from "../capture.ts";
import { identityOf, isSameIdentity } from "../file-identity.ts";
import { Problem } from "../problems.ts";
import type { ReadyFile } from "../ready-file.ts";
import { ProgressMeter } from "../report/progress-meter.ts";
import { sendBytes } from "../send-bytes.ts";
import { readDigests } from "./describe-file.ts";
import { type Attempt, persist } from "./persist.ts";
import type { RecordKeeper } from "./record-keeper.ts";
import type { World } from "./world.ts";

/**
 * Brings every byte of a described file to the archive. Order: make the upload, save its URL durably, send, look at
 * the file once more, save that it is delivered. Killed anywhere, the next run goes on where the archive is.
 *
 * @throws Problem
 */
export async function sendFile(ready: ReadyFile, keeper: RecordKeeper, world: World): Promise<void> {
  const meter = new ProgressMeter(world.report, ready.path, ready.identity.sizeBytes);
  await persist(
    world,
    ready.path,
    async (attempt) => {
      if (keeper.record.uploadUrl === null) {
        await makeUpload(ready, keeper, world);
        attempt.progress();
      }
      await sendRest(ready, keeper, world, meter, attempt);
      await checkUnchanged(ready, keeper, world);
      await keeper.save({ phase: "delivered", problem: null, retryAt: null });
    },
    async (problem, retryAt) => {
      keeper.note({ problem: problem.message, retryAt: retryAt.toISOString() });
      // 404 or 410, and nothing else: the upload is gone, and only a new one can help.
      if (problem.kind === "restart")
        keeper.note({ uploadUrl: null, recording: null, acknowledgedBytes: 0, phase: "described" });
      await keeper.flush();
    },
  );
  world.report({
    event: "delivered",
    file: ready.path,
    recording: keeper.record.recording,
    sha256: keeper.record.sha256,
  });
}

async function makeUpload(ready: ReadyFile, keeper: RecordKeeper, world: World): Promise<void> {
  const { sha256, chunkSizeBytes, identity } = keeper.record;
  const header = metadataHeaderFor(
    { path: ready.path, sha256, chunkSizeBytes },
    ready.container,
    world.settings.capture,
  );
  const made = await world.archive.createUpload(identity.sizeBytes, header, world.signal);
  // Before the first byte goes out: a URL that is known only to a killed process is bytes lost.
  await keeper.save({ ...made, acknowledgedBytes: 0, phase: "sending", problem: null, retryAt: null });
}

async function sendRest(
  ready: ReadyFile,
  keeper: RecordKeeper,
  world: World,
  meter: ProgressMeter,
  attempt: Attempt,
): Promise<void> {
  const { uploadUrl, acknowledgedBytes, chunkSizeBytes, identity } = keeper.record;
  if (uploadUrl === null) throw new Error("An upload has a URL before bytes are sent.");
  let isFirst = true;
  await sendBytes(
    {
      archive: world.archive,
      uploadUrl,
      sizeBytes: identity.sizeBytes,
      chunkSizeBytes,
      acknowledgedBytes,
      patience: attempt.patience,
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
      onSent: (offsetBytes) => meter.sent(offsetBytes),
    },
    world.signal,
  );
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
