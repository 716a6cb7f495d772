import { expireReleases } from "../lib/access/index.ts";
import type { Context } from "../lib/context.ts";
import type { JobName } from "../lib/jobs/index.ts";
import { contextFor, type Services } from "../lib/services.ts";
import { assembleUpload, expireUploads, sealRecording, sweepParts, sweepReceived } from "../lib/uploads/index.ts";
import { newCorrelationId } from "./request-context.ts";

/** The context in which a job acts. */
function jobContext(services: Services, name: JobName): Context {
  return contextFor(services, { kind: "system", name }, { address: null, userAgent: null }, newCorrelationId());
}

/** Starts the background work of this process, and puts back into the queue what a restored database lost. */
export async function startWorkers(services: Services): Promise<void> {
  await sweepReceived(jobContext(services, "recording.seal"));
  await sweepParts(jobContext(services, "upload.assemble"));
  await services.jobs.work({
    "upload.assemble": (input, signal) => assembleUpload(jobContext(services, "upload.assemble"), input, signal),
    "recording.seal": (input, signal) => sealRecording(jobContext(services, "recording.seal"), input, signal),
    "upload.expire": async (_input, signal) => {
      await expireUploads(jobContext(services, "upload.expire"), services.env.uploadExpiresMs, signal);
    },
    "access.expire": async () => {
      await expireReleases(jobContext(services, "access.expire"));
    },
  });
}
