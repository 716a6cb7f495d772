// Run after `npm install`: node scripts/complete-lock.mjs. Writes platform packages into package-lock.json that the
// registry in use does not carry. npm drops those from the lock, and then `npm ci` refuses it. They are noted
// without an integrity, which npm adds where they exist; on other platforms npm never asks for them.
import { readFileSync, writeFileSync } from "node:fs";

const path = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(path, "utf8"));

const systems = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"];
const processors = ["arm64", "arm", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "wasm32", "x64"];

/** What npm reads from a platform package's own manifest, read from its name instead. */
function platformOf(name) {
  const words = name.split("/").at(-1).split("-");
  const pick = (list) => list.filter((word) => words.includes(word));
  const libc = words.some((word) => word.startsWith("musl")) ? ["musl"] : words.includes("gnu") ? ["glibc"] : [];
  return Object.fromEntries(
    Object.entries({ cpu: pick(processors), libc, os: pick(systems) }).filter(([, values]) => values.length > 0),
  );
}

const missing = Object.entries(lock.packages).flatMap(([parent, entry]) =>
  Object.entries(entry.optionalDependencies ?? {})
    .filter(([name]) => !(`node_modules/${name}` in lock.packages || `${parent}/node_modules/${name}` in lock.packages))
    .filter(([name]) => Object.keys(platformOf(name)).length > 0)
    .map(([name, version]) => [
      `node_modules/${name}`,
      { version, ...(entry.dev ? { dev: true } : {}), optional: true, ...platformOf(name) },
    ]),
);
for (const [name, entry] of missing) lock.packages[name] = entry;
const [[root, rootEntry], ...others] = Object.entries(lock.packages);
others.sort(([a], [b]) => a.localeCompare(b, "en"));
lock.packages = Object.fromEntries([[root, rootEntry], ...others]);
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${missing.length} platform packages noted.`);
