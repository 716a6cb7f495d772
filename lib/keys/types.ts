import type { ArchiveKey } from "../protocol/index.ts";

/** A key as screens and commands show it. */
export type KeyRow = Omit<ArchiveKey, "jwk"> & {
  /** Why the caller may not rotate it; null: may. */
  can: { rotate: string | null };
};
