export { type CheckListener, checkArchive } from "./check-archive.ts";
export { sweepBlobs } from "./sweep-blobs.ts";
export { type CheckDepth, type CheckReport, checkDepths, type Problem } from "./types.ts";
