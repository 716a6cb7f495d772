import { createHash } from "node:crypto";
import { sha256HexOf } from "../protocol/index.ts";

/** One included recording with the digest it was sealed under. */
export type ScopeItem = { recordingId: string; sha256: Uint8Array };

/**
 * The digest that an approval names: SHA-256 over one line "<recording id> <sha256 in hex>\n" for every included
 * recording, sorted by id in ASCII order. Anyone can recompute it: `sort scope.txt | sha256sum`.
 */
export function scopeSha256(items: readonly ScopeItem[]): Buffer<ArrayBuffer> {
  const lines = items.map((item) => `${item.recordingId} ${sha256HexOf(item.sha256)}\n`);
  return createHash("sha256").update(lines.sort().join("")).digest();
}
