export { openUpload } from "./open-upload.ts";
export { type QuarantineReason, sealRecording } from "./seal-recording.ts";
export { sweepReceived } from "./sweep-received.ts";
export { terminateUpload } from "./terminate-upload.ts";
export { defaultTiming, type WriterTiming } from "./timing.ts";
export { createTusEndpoint, type TusAnswer, type TusEndpoint, type TusRequest } from "./tus-endpoint.ts";
export { effectiveMethod } from "./tus-request.ts";
export { stopWriters } from "./writers.ts";
