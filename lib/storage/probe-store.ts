import { randomBytes } from "node:crypto";
import type { BlobKey, BlobStore } from "./blob-store.ts";

const probePrefix = "health/";

/** Whether a blob is a probe: no row stands for it, and it is nobody's. */
export function isProbe(key: BlobKey): boolean {
  return key.startsWith(probePrefix);
}

/**
 * Writes a small blob durably, and removes it again: what a store that only answers questions may not be able to do.
 *
 * @throws what the medium reported
 */
export async function probeStore(store: BlobStore): Promise<void> {
  const key = probePrefix + randomBytes(8).toString("hex");
  await store.put(key, Buffer.from("Can this be written?\n"));
  await store.remove(key);
}
