import { rename } from "node:fs/promises";
import { messageOf, Problem } from "../problems.ts";
import { syncFolder } from "../state/durable-file.ts";
import { type Identity, identityPaths, loadIdentity, saveIdentity } from "./identity.ts";

/** A change of the identity that must outlast a power cut. */
export type IdentityChange = "changed" | "rotation-over";

/**
 * Writes the identity after a change. When a rotation is over the new key takes the old one's place first, by rename:
 * whoever reads between the two steps finds the new key in both.
 *
 * @throws Problem "again" when the disk does not take it
 */
export async function keepIdentity(stateFolder: string, identity: Identity, change: IdentityChange): Promise<void> {
  const { folder, key, nextKey } = identityPaths(stateFolder);
  try {
    // Another process may have pinned a key meanwhile.
    const onDisk = (await loadIdentity(stateFolder).catch(() => null))?.keys ?? [];
    identity.keys.push(...onDisk.filter(({ kid }) => !identity.keys.some((key) => key.kid === kid)));
    if (change === "rotation-over") {
      await rename(nextKey, key);
      await syncFolder(folder);
    }
    await saveIdentity(stateFolder, identity);
  } catch (error) {
    throw new Problem("again", `The state folder ${stateFolder} takes no more: ${messageOf(error)}.`, {
      cause: error,
      reason: "disk",
    });
  }
}
