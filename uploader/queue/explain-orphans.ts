import type { Chain } from "../chain/chain.ts";
import type { Archive } from "../http/archive.ts";
import { Problem } from "../problems.ts";

type Orphans = Pick<Chain, "lost" | "read" | "tombstoneOrphan" | "forget">;

/**
 * Settles what became of manifests whose file never turned up: the archive knows whether it has the recording. One that it
 * never takes, as of a key that was revoked meanwhile, will not come either. One that it does not take now keeps none of
 * the others waiting.
 *
 * @throws what the archive did not take now, after the others
 */
export async function explainOrphans(
  chain: Orphans,
  archive: Pick<Archive, "announce">,
  signal: AbortSignal,
): Promise<void> {
  const problems: unknown[] = [];
  for (const sequence of chain.lost) {
    signal.throwIfAborted();
    const jws = await chain.read(sequence);
    if (jws === null) continue;
    try {
      if (await isHere(archive, jws, signal)) await chain.forget(sequence);
      else await chain.tombstoneOrphan(sequence, "vanished");
    } catch (error) {
      problems.push(error);
    }
  }
  if (problems.length > 0) throw problems[0];
}

async function isHere(archive: Pick<Archive, "announce">, jws: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await archive.announce(jws, signal)).state !== "receiving";
  } catch (error) {
    if (error instanceof Problem && (error.kind === "refused" || error.code === "manifest_key_unknown")) return false;
    throw error;
  }
}
