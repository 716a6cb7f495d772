import { basename } from "node:path";
import {
  type CaptureMetadata,
  encodeMetadataHeader,
  type JsonValue,
  readCaptureMetadata,
  type Sha256Hex,
  safeFileName,
  writeCaptureMetadata,
} from "../lib/protocol/index.ts";
import type { ContainerFacts } from "./container/index.ts";

/** What the operator says about every file of this run, in the protocol's own words. */
export type CaptureSettings = ReadonlyMap<
  "source" | "alias" | "place" | "captured_from" | "captured_until" | "metadata",
  string
>;

/**
 * Writes the Upload-Metadata header of a file. What the operator said counts; a capture time that only the
 * container knows is a hint and marked as one, and so is a container that does not reach its end.
 *
 * @throws MetadataError naming the key that cannot be taken
 */
export function metadataHeaderFor(
  file: { path: string; sha256: Sha256Hex | null; chunkSizeBytes: number },
  container: Pick<ContainerFacts, "mediaType" | "isComplete" | "missing" | "damage" | "createdAt" | "durationMs">,
  settings: CaptureSettings,
): string {
  const values = new Map<string, string>(settings);
  values.set("filename", safeFileName(basename(file.path)));
  values.set("filetype", container.mediaType);
  values.set("chunk_size", String(file.chunkSizeBytes));
  if (file.sha256 !== null) values.set("sha256", file.sha256);
  const said = readCaptureMetadata(values);
  const remarks: { [key: string]: JsonValue } = {};
  const capture: CaptureMetadata = { ...said };
  if (said.capturedFrom === null && container.createdAt !== null) {
    capture.capturedFrom = container.createdAt;
    if (container.durationMs !== null)
      capture.capturedUntil = new Date(container.createdAt.getTime() + container.durationMs);
    remarks.capturedFrom = "container";
  }
  if (container.isComplete === false) remarks.incomplete = container.missing ?? true;
  if (container.damage !== null) remarks.damage = container.damage;
  if (Object.keys(remarks).length > 0) capture.free = { ...said.free, uploader: remarks };
  return encodeMetadataHeader(writeCaptureMetadata(capture));
}
