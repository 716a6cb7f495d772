import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Reads the secret `name` kept in `dataDir`, and makes it on first use. The file is readable by its owner only.
 * Two processes that start at once get the same secret: the file appears whole, and the first one wins.
 *
 * @throws the file system's error (EACCES, ENOSPC, EROFS) when it can be neither read nor made
 */
export function keepSecret(dataDir: string, name: string, make: () => string): string {
  const dir = join(dataDir, "secrets");
  const path = join(dir, name);
  const kept = readIfThere(path);
  if (kept !== null) return kept;
  makePrivateDir(dataDir);
  makePrivateDir(dir);
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, `${make()}\n`, { mode: 0o600, flush: true });
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error; // Node's fs errors always carry a code
  } finally {
    rmSync(draft, { force: true });
  }
  return readFileSync(path, "utf8").trim();
}

/** Makes a directory that only its owner may enter; missing parents get the usual mode. */
export function makePrivateDir(dir: string): void {
  mkdirSync(dirname(dir), { recursive: true });
  mkdirSync(dir, { recursive: true, mode: 0o700 });
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null; // as above
    throw error;
  }
}
