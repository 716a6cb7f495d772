import { existsSync, readFileSync } from "node:fs";
import { runQuietly } from "./processes.mjs";
import { at, nodeForWork, root } from "./root.mjs";
import { Obstacle } from "./say.mjs";

function packagesOf(path) {
  return JSON.parse(readFileSync(path, "utf8")).packages ?? {};
}

/** Whether node_modules holds what the lock names. Optional packages may be for other platforms. */
export function isInstalled() {
  const record = at("node_modules", ".package-lock.json"); // npm writes it last
  if (!existsSync(record)) return false;
  const installed = packagesOf(record);
  return Object.entries(packagesOf(at("package-lock.json"))).every(([path, wanted]) => {
    if (path === "") return true;
    const found = installed[path];
    return found === undefined ? Boolean(wanted.optional || wanted.devOptional) : found.version === wanted.version;
  });
}

/** Runs `npm ci`. Install scripts stay off: nothing here needs one. */
export async function install() {
  const flags = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--include=optional", "--include=dev"];
  // npm says where it is when it started us; with a plain `node scripts/run.mjs` it is on the path.
  const npm = process.env.npm_execpath;
  const result = npm?.endsWith(".js")
    ? await runQuietly(process.execPath, [npm, ...flags], { cwd: root })
    : await runQuietly("npm", flags, { cwd: root });
  if (result.code === 0) refuseMissingRuntime();
  return result;
}

function refuseMissingRuntime() {
  if (nodeForWork() !== null) return;
  throw new Obstacle(
    `There is no packaged runtime for ${process.platform}-${process.arch}: install Node 22.18 or newer of that line.`,
  );
}
