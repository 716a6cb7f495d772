import type { BlobKey } from "../storage/index.ts";

/** Where a recording's bytes are in storage. Made of our own id only: nothing that a device says is in a path. */
export function recordingKey(recordingId: string): BlobKey {
  return `recordings/${recordingId}`;
}
