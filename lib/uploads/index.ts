export { expireUploads } from "./expire-uploads.ts";
export { type ReadBack, readBack } from "./read-back.ts";
export { type QuarantineReason, sealRecording } from "./seal-recording.ts";
export { sweepReceived } from "./sweep-received.ts";
export { defaultTiming, type WriterTiming } from "./timing.ts";
export { createTusEndpoint, type TusAnswer, type TusEndpoint, type TusRequest } from "./tus-endpoint.ts";
export { checkTusVersion, effectiveMethod, refusalFields } from "./tus-request.ts";
