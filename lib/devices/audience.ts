import type { Database } from "../context.ts";
import { publicKeys } from "../keys/index.ts";

const known = new WeakMap<Database, string>();

/**
 * What assertions and access tokens of this archive name it by. It follows from its first key and not from its address,
 * so that an archive can move.
 *
 * @throws Error when the archive was never started
 */
export async function archiveAudience(db: Database): Promise<string> {
  const found = known.get(db);
  if (found !== undefined) return found;
  const first = (await publicKeys(db)).find((key) => key.purpose === "receipt");
  if (first === undefined) throw new Error("There is no receipt key yet: the server makes it when it starts.");
  const audience = `urn:strongroom:archive:${first.kid}`;
  known.set(db, audience);
  return audience;
}
