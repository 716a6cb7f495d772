import type { BlobKey } from "../storage/index.ts";

/** Where a sidecar's bytes are in storage. Made of our own id and its digest: nothing that a device says is in a path. */
export function sidecarKey(recordingId: string, sha256: string): BlobKey {
  return `sidecars/${recordingId}/${sha256}`;
}
