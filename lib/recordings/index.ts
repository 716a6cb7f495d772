export { filterInput as recordingFilterInput } from "./conditions.ts";
export { type ContentFacts, type ContentInput, getContentFacts } from "./content-facts.ts";
export { getDeviceRecording, getRecording } from "./get-recording.ts";
export { listChunkRuns } from "./list-chunk-runs.ts";
export { listChunks } from "./list-chunks.ts";
export { listFilterOptions, listRecordings } from "./list-recordings.ts";
export { getManifest } from "./manifests.ts";
export { type ByteRange, type ContentUse, type DeliveryEnd, type OpenContent, openContent } from "./open-content.ts";
export { type OpenRecording, openInput as openRecordingInput, openRecording } from "./open-recording.ts";
export { type OpenSidecar, openSidecar } from "./open-sidecar.ts";
export { recordingKey } from "./recording-key.ts";
export { recordingInclude, toRecordingRow } from "./row.ts";
export { sidecarKey } from "./sidecar-key.ts";
export type {
  ChunkRow,
  ChunkRun,
  FilterOptions,
  Grant,
  ManifestView,
  Page,
  RecordingCan,
  RecordingDetail,
  RecordingFilter,
  RecordingRow,
} from "./types.ts";
