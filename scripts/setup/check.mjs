import { runQuietly } from "./processes.mjs";
import { at, nodeForWork, root, workEnvironment } from "./root.mjs";
import { say, since, style } from "./say.mjs";

const tools = [
  { name: "format and lint", bin: "@biomejs/biome/bin/biome", args: ["check", "--error-on-warnings"] },
  { name: "types", bin: "typescript/bin/tsc", args: ["--noEmit"] },
  {
    name: "import rules",
    bin: "dependency-cruiser/bin/dependency-cruiser.mjs",
    args: ["--config", ".dependency-cruiser.cjs", "."],
  },
  { name: "unused code", bin: "knip/bin/knip.js", args: ["--no-progress"] },
];

/** Runs the fast gate, all tools side by side, and shows what the failing ones said. Returns passed and failed. */
export async function check() {
  const results = await Promise.all(tools.map(runTool));
  const failed = results.filter((isGood) => !isGood).length;
  return { passed: results.length - failed, failed };
}

async function runTool({ name, bin, args }) {
  const startedAt = performance.now();
  const env = workEnvironment({ FORCE_COLOR: process.stdout.isTTY ? "1" : "0" });
  const { code, output } = await runQuietly(nodeForWork(), [at("node_modules", bin), ...args], { cwd: root, env });
  if (code === 0) {
    say(`${style("green", "✓")} ${name} ${style("dim", since(startedAt))}`);
    return true;
  }
  say(`${style("red", "✗")} ${name} ${style("dim", since(startedAt))}\n${output.trimEnd()}`);
  return false;
}
