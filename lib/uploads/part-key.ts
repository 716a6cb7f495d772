import type { BlobKey } from "../storage/index.ts";

/** Where a part's bytes are in storage until the file that they are for is whole. */
export function partKey(uploadId: string): BlobKey {
  return `parts/${uploadId}`;
}
