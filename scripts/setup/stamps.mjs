import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { at } from "./root.mjs";

function* filesBelow(path) {
  if (!existsSync(path)) return;
  if (!statSync(path).isDirectory()) {
    yield path;
    return;
  }
  const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (entry.isDirectory()) yield* filesBelow(join(path, entry.name));
    else if (!/\.test\.tsx?$/.test(entry.name)) yield join(path, entry.name);
  }
}

/** A digest of the names and contents of files and folders of the checkout; tests do not count. */
export function digestOf(inputs) {
  const hash = createHash("sha256");
  for (const input of inputs) {
    for (const path of filesBelow(at(input))) {
      const content = readFileSync(path);
      hash.update(`${path.slice(at().length)}\0${content.length}\0`).update(content);
    }
  }
  return hash.digest("hex");
}

const stampPath = (name) => at(".cache", "stamps", name);

/** Whether `output` exists and was made from exactly these inputs. */
export function isCurrent(name, output, digest) {
  if (!existsSync(at(output)) || !existsSync(stampPath(name))) return false;
  return readFileSync(stampPath(name), "utf8") === digest;
}

/** Notes what an output was made from. */
export function stamp(name, digest) {
  mkdirSync(at(".cache", "stamps"), { recursive: true });
  writeFileSync(`${stampPath(name)}.${process.pid}`, digest);
  renameSync(`${stampPath(name)}.${process.pid}`, stampPath(name));
}
