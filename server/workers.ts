import { setTimeout as sleep } from "node:timers/promises";
import { expireReleases } from "../lib/access/index.ts";
import { sweepBlobs } from "../lib/check/index.ts";
import type { Context } from "../lib/context.ts";
import { sequenceLog } from "../lib/custody-log/index.ts";
import { pruneContacts } from "../lib/fleet/index.ts";
import type { JobName } from "../lib/jobs/index.ts";
import { ensureSigningKeys, logOriginOf } from "../lib/keys/index.ts";
import { issueReceipts } from "../lib/receipts/index.ts";
import { contextFor, type Services } from "../lib/services.ts";
import {
  assembleUpload,
  expireUploads,
  quarantineUntrusted,
  sealRecording,
  sweepParts,
  sweepReceived,
  sweepUntrusted,
} from "../lib/uploads/index.ts";
import { newCorrelationId } from "./request-context.ts";

/** The context in which a job acts. */
function jobContext(services: Services, name: JobName): Context {
  return contextFor(services, { kind: "system", name }, { address: null, userAgent: null }, newCorrelationId());
}

/** Makes the archive's signing keys at the first start; later proves that AUTH_SECRET still opens them. */
export async function prepareKeys(services: Services): Promise<void> {
  const ctx = jobContext(services, "log.sequence");
  await ensureSigningKeys({ ...ctx, actor: { kind: "system", name: "start" } }, logOriginOf(services.env.publicUrl));
}

/** Brings the custody log up to date, and then the receipts, which need it. */
async function keepLog(services: Services, signal?: AbortSignal): Promise<void> {
  const ctx = jobContext(services, "log.sequence");
  await sequenceLog(ctx, signal);
  await issueReceipts(ctx, signal);
}

/** Between two runs of the log, so that what is sealed one after the other shares its transactions. */
const keepLogPauseMs = 200;

/** Makes work that is asked for at any time run one at a time: while it runs or rests, all who ask get one run more. */
function coalesced(work: () => Promise<void>, onError: (error: unknown) => void): () => void {
  let isRunning = false;
  let isWanted = false;
  const run = async () => {
    isRunning = true;
    while (isWanted) {
      isWanted = false;
      await work().catch(onError);
      await sleep(keepLogPauseMs, undefined, { ref: false });
    }
    isRunning = false;
  };
  return () => {
    isWanted = true;
    if (!isRunning) void run();
  };
}

/** Starts the background work of this process, and puts back into the queue what a restored database lost. */
export async function startWorkers(services: Services): Promise<void> {
  await sweepReceived(jobContext(services, "recording.seal"));
  await sweepParts(jobContext(services, "upload.assemble"));
  await sweepUntrusted(jobContext(services, "device.quarantine"));
  // A device waits for its receipt, so sealing does not leave it to the minute.
  const keepLogSoon = coalesced(
    () => keepLog(services),
    (error) => services.log.warn({ err: error }, "the custody log waits for its next minute"),
  );
  // What an older version, a restored database or a killed process left is not left to the minute either.
  keepLogSoon();
  await services.jobs.work({
    "upload.assemble": (input, signal) => assembleUpload(jobContext(services, "upload.assemble"), input, signal),
    "recording.seal": async (input, signal) => {
      await sealRecording(jobContext(services, "recording.seal"), input, signal);
      keepLogSoon();
    },
    "log.sequence": (_input, signal) => keepLog(services, signal),
    "upload.expire": async (_input, signal) => {
      await expireUploads(jobContext(services, "upload.expire"), services.env.uploadExpiresMs, signal);
    },
    "device.quarantine": async (input, signal) => {
      await quarantineUntrusted(jobContext(services, "device.quarantine"), input, signal);
    },
    "storage.sweep": async (_input, signal) => {
      await sweepBlobs(jobContext(services, "storage.sweep"), signal);
    },
    "access.expire": async () => {
      await expireReleases(jobContext(services, "access.expire"));
    },
    "fleet.prune": async (_input, signal) => {
      await pruneContacts(jobContext(services, "fleet.prune"), signal);
    },
  });
}
