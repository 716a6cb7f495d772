import { join, sep } from "node:path";

// Each part starts with a letter or digit, so neither "..", nor a hidden file, nor an absolute path can be made.
const keyShape = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?:\/[A-Za-z0-9][A-Za-z0-9._-]{0,99}){0,4}$/;

/**
 * The one way from a key to a path. Keys are made by this program and never from what a device sends; what
 * does not look like one is a programming error.
 *
 * @throws TypeError when it is no key
 */
export function pathOfKey(directory: string, key: string): string {
  if (!keyShape.test(key)) throw new TypeError(`Not a storage key: ${JSON.stringify(key.slice(0, 100))}`);
  return join(directory, ...key.split("/"));
}

/** The key of a path relative to the store's directory; null for files that are not blobs (drafts of `put`). */
export function keyOfPath(relativePath: string): string | null {
  const key = relativePath.split(sep).join("/");
  return keyShape.test(key) ? key : null;
}
