export { type CaptureHints, mergeHints, noHints } from "./capture-hints.ts";
export { checkSidecar, type SidecarFile, type SidecarProblem } from "./sidecar-file.ts";
