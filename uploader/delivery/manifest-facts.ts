import { basename } from "node:path";
import { type JsonValue, readCaptureMetadata, safeFileName } from "../../lib/protocol/index.ts";
import type { CaptureSettings } from "../capture.ts";
import type { ManifestFacts } from "../chain/chain.ts";
import type { FileDigests } from "../digest-file.ts";
import type { ArchiveClock } from "../identity/archive-clock.ts";
import type { ReadyFile } from "../ready-file.ts";
import { type CaptureHints, noHints, type SidecarFile, type SidecarProblem } from "../sidecars/index.ts";

/** What was found beside a recording. */
export type Findings = {
  hints: CaptureHints;
  sidecars: readonly SidecarFile[];
  badSidecars: readonly SidecarProblem[];
};

/** Nothing was found beside it. */
export const noFindings: Findings = { hints: noHints, sidecars: [], badSidecars: [] };

/** How far this device's clock is to be trusted, in the words of manifests. */
export function clockFacts(clock: ArchiveClock): { source: string; offsetMs?: number; uncertaintyMs?: number } {
  const { source, offsetMs, uncertaintyMs } = clock.view();
  return {
    source,
    ...(offsetMs === null ? {} : { offsetMs }),
    ...(uncertaintyMs === null ? {} : { uncertaintyMs }),
  };
}

/**
 * What the manifest says of a file. What the operator said counts, then what lies beside the file; a capture time that
 * only the container knows is a hint and marked as one.
 */
export function manifestFactsOf(
  ready: ReadyFile,
  digests: FileDigests,
  chunkSizeBytes: number,
  findings: Findings,
  capture: CaptureSettings,
  clock: ArchiveClock,
): ManifestFacts {
  const { container, identity, path } = ready;
  const { hints, sidecars, badSidecars } = findings;
  const said = readCaptureMetadata(new Map<string, string>(capture));
  const remarks: { [key: string]: JsonValue } = {};
  let from = said.capturedFrom?.toISOString() ?? hints.capturedFrom;
  let until = said.capturedFrom === null ? hints.capturedUntil : (said.capturedUntil?.toISOString() ?? null);
  if (from === null && container.createdAt !== null) {
    from = container.createdAt.toISOString();
    const { durationMs } = container;
    until = durationMs === null ? null : new Date(container.createdAt.getTime() + durationMs).toISOString();
    remarks.capturedFrom = "container";
  }
  if (container.isComplete === false) remarks.incomplete = container.missing ?? true;
  else if (hints.incomplete !== null) remarks.incomplete = hints.incomplete;
  if (container.damage !== null) remarks.damage = container.damage;
  if (hints.gps !== null) remarks.gps = hints.gps;
  if (badSidecars.length > 0)
    remarks.leftOut = badSidecars.slice(0, 16).map(({ name, problem }) => ({ name, problem: problem.slice(0, 300) }));
  const [source, alias, place] = [said.source ?? hints.source, said.alias ?? hints.alias, said.place ?? hints.place];
  const metadata = { ...said.free, ...(Object.keys(remarks).length > 0 ? { uploader: remarks } : {}) };
  const tags = hints.isEvent && !hints.tags.includes("event") ? ["event", ...hints.tags] : hints.tags;
  return {
    fileName: safeFileName(basename(path)),
    mediaType: container.mediaType,
    sizeBytes: identity.sizeBytes,
    sha256: digests.sha256,
    chunkSizeBytes,
    chunkSha256: digests.chunkSha256,
    complete: container.isComplete !== false && hints.incomplete === null,
    ...(from === null ? {} : { capturedFrom: from }),
    ...(from === null || until === null ? {} : { capturedUntil: until }),
    clock: hints.clock ?? clockFacts(clock),
    ...(source === null ? {} : { source }),
    ...(alias === null ? {} : { alias }),
    ...(place === null ? {} : { place }),
    ...(tags.length === 0 ? {} : { tags: tags.slice(0, 64) }),
    ...(sidecars.length === 0
      ? {}
      : { sidecars: sidecars.slice(0, 64).map(({ name, sizeBytes, sha256 }) => ({ name, sizeBytes, sha256 })) }),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  };
}
